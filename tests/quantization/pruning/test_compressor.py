from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from edge_sdk.errors import RecipeError
from edge_sdk.graph import Conv, Graph
from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from quantization.compressor import run_compressor
from quantization.fitting import Batch
from quantization.measurement import AnyForm, Timing, Timings
from quantization.pruning.compressor import Pruning
from quantization.pruning.cost import total_macs
from quantization.pruning.latency import Int8Latency, Milliseconds
from quantization.pruning.rounds import Rounds
from quantization.recipe import Fit, Normalization, Prune, Quantize, Student
from tests.quantization.pruning.conftest import PATCH

PLAN = Prune(
    macs=0.5,
    rounds=2,
    importance_batches=1,
    recovery=Fit(steps=1, batch=1, warmup_steps=0, save_every=1),
    final_steps=2,
)


@pytest.fixture
def teacher() -> EfficientMedNeXt:
    torch.manual_seed(0)
    return efficient_mednext("T", 1, 3, 16, 16, True)


def batches(step: int) -> Batch:
    draw = torch.Generator().manual_seed(step)
    labels: Tensor = torch.randint(0, 3, (1, 1, *PATCH), generator=draw)
    return torch.randn(1, 1, *PATCH, generator=draw) + labels, labels


def pruning(
    network: EfficientMedNeXt,
    teacher: EfficientMedNeXt,
    folder: Path,
    plan: Prune = PLAN,
    latency: Milliseconds | None = None,
) -> Pruning:
    return Pruning(network, teacher, batches, plan, Student(), PATCH, folder=folder, latency=latency)


@pytest.mark.slow
def test_rounds_shrink_to_the_budget_and_an_interrupted_run_ends_alike(
    network: EfficientMedNeXt, teacher: EfficientMedNeXt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantization.pruning.compressor.STATISTICS_BATCHES", 1)
    form, report = run_compressor(pruning(network, teacher, tmp_path / "a"))
    assert form.network is not None
    share = total_macs(form.network.architecture, PATCH) / total_macs(network.architecture, PATCH)
    assert report.summary["macs_share"] == pytest.approx(share)
    assert share <= 0.5
    assert [row["round"] for row in report.tables["Rounds"]] == [1, 2]
    rows = {row["stage"]: row for row in report.tables["Before and after, by stage"]}
    assert sum(float(row["gmac"] or 0) for row in rows.values()) < 0.51 * sum(
        float(row["gmac_before"] or 0) for row in rows.values()
    )

    steps = pruning(network, teacher, tmp_path / "a").steps
    assert steps == 5
    for taken in range(steps):
        again = pruning(network, teacher, tmp_path / "b")
        again.prepare()
        assert again.done == taken
        if taken < steps - 1:
            again.step()
            continue
        with monkeypatch.context() as patched:
            # The last step was saved, and the round is not closed.
            patched.setattr(Rounds, "finish", killed)
            with pytest.raises(KeyboardInterrupt):
                again.step()
    last, _ = run_compressor(pruning(network, teacher, tmp_path / "b"))
    assert last.network is not None
    assert last.network.architecture == form.network.architecture
    expected = form.network.state_dict()
    assert all(torch.equal(expected[name], value) for name, value in last.network.state_dict().items())


def killed(*_arguments: object) -> None:
    raise KeyboardInterrupt


def macs_as_milliseconds(forms: Mapping[str, AnyForm]) -> Timings:
    """A device whose latency is the number of weights in thousands."""
    found = {}
    for name, form in forms.items():
        assert isinstance(form, Graph)
        assert form.quantized
        weights = sum(node.weight.size for node in form if isinstance(node, Conv))
        found[name] = Timing([weights / 1000], 0)
    return Timings(found, {})


@pytest.mark.slow
def test_a_budget_in_milliseconds_is_measured(
    network: EfficientMedNeXt, teacher: EfficientMedNeXt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantization.pruning.compressor.STATISTICS_BATCHES", 1)
    latency = Int8Latency(macs_as_milliseconds, batches(0)[0].numpy(), Normalization(), Quantize())
    full = latency(network)
    plan = Prune(
        latency_ms=0.6 * full,
        rounds=1,
        importance_batches=1,
        recovery=Fit(steps=1, batch=1, warmup_steps=0),
        final_steps=1,
    )
    form, report = run_compressor(pruning(network, teacher, tmp_path, plan, latency))
    assert form.network is not None
    assert latency(form.network) <= 0.6 * full
    assert report.summary["latency_ms"] <= report.summary["latency_budget_ms"]

    for limit, told in ((2 * full, "asks for nothing"), (0.001 * full, "cannot be reached")):
        with pytest.raises(RecipeError, match=told):
            pruning(network, teacher, tmp_path / told, plan.model_copy(update={"latency_ms": limit}), latency).prepare()


def test_what_cannot_be_pruned_is_refused(network: EfficientMedNeXt, teacher: EfficientMedNeXt, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="GroupNorm cannot be pruned"):
        pruning(teacher, teacher, tmp_path)
    with pytest.raises(RecipeError, match="no budget"):
        pruning(network, teacher, tmp_path, Prune())
    with pytest.raises(RecipeError, match="needs OpenVINO"):
        pruning(network, teacher, tmp_path, Prune(latency_ms=1.0))
