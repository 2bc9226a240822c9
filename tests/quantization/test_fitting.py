from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from edge_sdk.errors import TrainingError
from quantization.fitting import Batch, Fitting, History, fit
from quantization.processor import Processor
from quantization.recipe import FitRecipe


def batches(step: int) -> Batch:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
    return x, x.sum(dim=1, keepdim=True)


def loss_of(module: nn.Module, batch: Batch) -> Tensor:
    loss: Tensor = (module(batch[0]) - batch[1]).square().mean()
    return loss


def network() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def test_an_interrupted_fit_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    plan = FitRecipe(steps=12, warmup_steps=2, save_every=5)
    whole = fit(Fitting(network(), loss_of, batches, plan, checkpoint=tmp_path / "whole.pt"))

    def killed_at_eight(step: int) -> Batch:
        if step == 8:
            raise KeyboardInterrupt
        return batches(step)

    with pytest.raises(KeyboardInterrupt):
        fit(Fitting(network(), loss_of, killed_at_eight, plan, checkpoint=tmp_path / "cut.pt"))
    resumed = fit(Fitting(network(), loss_of, batches, plan, checkpoint=tmp_path / "cut.pt"))
    assert resumed.history == whole.history
    assert all(torch.equal(a, b) for a, b in zip(resumed.module.parameters(), whole.module.parameters(), strict=True))


@pytest.mark.parametrize("precision", [torch.float32, torch.float16], ids=str)
def test_interruptions_at_every_step_keep_statistics_averages_and_the_gradients_scale(
    tmp_path: Path, precision: torch.dtype
) -> None:
    plan = FitRecipe(steps=9, warmup_steps=2, save_every=2, validate_every=3)

    def fitting(name: str) -> Fitting:
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        return Fitting(
            module,
            loss_of,
            batches,
            plan,
            checkpoint=tmp_path / name,
            validate=lambda averaged: float(averaged(batches(99)[0]).detach().sum()),
            processor=Processor(precision=precision),
        )

    whole = fit(fitting("whole.pt"))
    for steps in (1, 2, 3, 4, 5):
        interrupted = fitting("cut.pt")
        for _ in range(steps):
            if interrupted.done < plan.steps:
                interrupted.step()
    resumed = fit(fitting("cut.pt"))
    assert resumed.history == whole.history
    ours, theirs = (torch.load(tmp_path / name) for name in ("cut.pt", "whole.pt"))
    assert ours["scaler"] == theirs["scaler"]
    assert bool(ours["scaler"]) == (precision == torch.float16)
    for part in ("module", "average"):
        assert all(torch.equal(ours[part][name], value) for name, value in theirs[part].items())


def test_the_watcher_is_told_whenever_something_was_saved(tmp_path: Path) -> None:
    told: list[tuple[int, bool]] = []

    def watch(history: History) -> None:
        told.append((len(history.losses), (tmp_path / "x.pt").is_file()))

    plan = FitRecipe(steps=5, warmup_steps=0, save_every=2)
    fit(Fitting(network(), loss_of, batches, plan, checkpoint=tmp_path / "x.pt", watch=watch))
    assert told == [(2, True), (4, True), (5, True)]


def test_a_damaged_interruption_is_told(tmp_path: Path) -> None:
    path, plan = tmp_path / "cut.pt", FitRecipe(steps=2, warmup_steps=0)
    fit(Fitting(network(), loss_of, batches, plan, checkpoint=path))
    whole = path.read_bytes()
    for content in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match=r"cut\.pt: .*cannot be read.*delete this file"):
            fit(Fitting(network(), loss_of, batches, plan, checkpoint=path))


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="loss is nan at step 0"):
        fit(
            Fitting(
                network(),
                lambda module, batch: loss_of(module, batch) * float("nan"),
                batches,
                FitRecipe(steps=2),
                checkpoint=tmp_path / "x.pt",
            )
        )
