"""The training loop that every phase shares: AdamW, warm-up and cosine, EMA, resumable after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path
from edge_sdk.progress import Progress
from quantization.recipe import Fit

Batch = tuple[Tensor, Tensor]


@dataclass
class FitResult:
    """The averaged weights and the loss of every step."""

    module: nn.Module
    losses: list[float]


def fit(
    module: nn.Module,
    loss_of: Callable[[nn.Module, Batch], Tensor],
    batches: Callable[[int], Batch],
    plan: Fit,
    *,
    checkpoint: Path,
    progress: Progress | None = None,
    save_every: int = 50,
    label: str = "train",
) -> FitResult:
    """Train `module`; the weights returned are their exponential moving average.

    Args:
        loss_of: Loss of a batch.
        batches: Batch of a step number.
        checkpoint: Written every `save_every` steps; a later call with the same file goes on from there.

    Raises:
        TrainingError: The loss is not finite.
    """
    optimizer = torch.optim.AdamW(module.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    average = AveragedModel(
        module,
        multi_avg_fn=get_ema_multi_avg_fn(plan.ema),  # type: ignore[no-untyped-call]
        use_buffers=False,
    )
    losses = _resume(checkpoint, module, average, optimizer)
    module.train()
    for step in range(len(losses), plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * _schedule(step, plan)
        loss = loss_of(module, batches(step))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"loss is {loss.item()} at step {step}",
                where=checkpoint.parent,
                remedy="lower the learning rate",
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(module)
        losses.append(loss.item())
        if progress is not None:
            recent = losses[-20:]
            progress(step + 1, plan.steps, f"{label}: loss {sum(recent) / len(recent):.3f}")
        if (step + 1) % save_every == 0 or step + 1 == plan.steps:
            _save(checkpoint, module, average, optimizer, losses)
    averaged: nn.Module = average.module
    averaged.load_state_dict({**averaged.state_dict(), **_buffers(module)})
    return FitResult(averaged.eval(), losses)


def _schedule(step: int, plan: Fit) -> float:
    if step < plan.warmup_steps:
        return (step + 1) / plan.warmup_steps
    done = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done)) * 0.99 + 0.01


def _buffers(module: nn.Module) -> dict[str, Tensor]:
    """BatchNorm statistics are already averages: the live ones are used, not an average of averages."""
    return dict(module.named_buffers())


def _save(path: Path, module: nn.Module, average: nn.Module, optimizer: Any, losses: list[float]) -> None:
    state = {
        "module": module.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "losses": losses,
    }
    with atomic_path(path) as temporary:
        torch.save(state, temporary)


def _resume(path: Path, module: nn.Module, average: nn.Module, optimizer: Any) -> list[float]:
    if not path.is_file():
        return []
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError) as cause:
        raise TrainingError(
            f"the interrupted run cannot be read ({type(cause).__name__})",
            where=path,
            remedy="delete this file to start the phase again",
        ) from cause
    try:
        module.load_state_dict(state["module"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, ValueError, KeyError) as cause:
        raise TrainingError(
            "the interrupted run has another network",
            where=path,
            remedy="use its recipe, or another output folder",
        ) from cause
    losses: list[float] = state["losses"]
    return losses
