"""The training loop that every phase shares: AdamW, warm-up and cosine, EMA, resumable after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
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
SAVE_EVERY = 50


@dataclass
class History:
    """What a fit went through.

    Attributes:
        losses: Of every step.
        validation: (steps done, score) of every validation.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)

    def told(self) -> str:
        """The mean of the last losses and the last score, for progress."""
        recent = self.losses[-20:]
        score = f", Dice {self.validation[-1][1]:.3f}" if self.validation else ""
        return f"loss {sum(recent) / len(recent):.3f}{score}"


@dataclass
class FitResult:
    """The averaged weights, and how they came about."""

    module: nn.Module
    history: History


class Fitting:
    """One training phase, step by step; the averaged weights are its result.

    Attributes:
        history: Of all steps, those before an interruption too.
    """

    def __init__(
        self,
        module: nn.Module,
        loss_of: Callable[[nn.Module, Batch], Tensor],
        batches: Callable[[int], Batch],
        plan: Fit,
        *,
        checkpoint: Path,
        validate: Callable[[nn.Module], float] | None = None,
        save_every: int = SAVE_EVERY,
    ) -> None:
        """
        Args:
            loss_of: Loss of a batch.
            batches: Batch of a step number; the same in every run, so that a resumed run equals an unbroken one.
            checkpoint: Written every `save_every` steps; a later fit with the same file goes on from there.
            validate: Score of the averaged weights, taken every `plan.validate_every` steps.

        Raises:
            TrainingError: The file of an interrupted run is damaged, or of another network.
        """
        self.module, self.plan = module, plan
        self._loss_of, self._batches, self._validate = loss_of, batches, validate
        self._checkpoint, self._save_every = checkpoint, save_every
        self._optimizer = torch.optim.AdamW(module.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
        self._average = AveragedModel(
            module,
            multi_avg_fn=get_ema_multi_avg_fn(plan.ema),  # type: ignore[no-untyped-call]
            use_buffers=False,
        )
        self.history = self._resumed()

    @property
    def done(self) -> int:
        """Steps taken so far."""
        return len(self.history.losses)

    def step(self) -> float:
        """Take the next step; its loss.

        Raises:
            TrainingError: The loss is not finite.
        """
        number = self.done
        self.module.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * _schedule(number, self.plan)
        loss = self._loss_of(self.module, self._batches(number))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"loss is {loss.item()} at step {number}",
                where=self._checkpoint.parent,
                remedy="lower the learning rate",
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self._optimizer.step()
        self._average.update_parameters(self.module)
        self.history.losses.append(loss.item())
        every = self.plan.validate_every
        if self._validate is not None and every and (self.done % every == 0 or self.done == self.plan.steps):
            self.history.validation.append((self.done, self._validate(self.averaged())))
        if self.done % self._save_every == 0 or self.done == self.plan.steps:
            self._save()
        return self.history.losses[-1]

    def averaged(self) -> nn.Module:
        """The averaged weights, in evaluation mode; BatchNorm statistics, averages already, are the live ones."""
        averaged: nn.Module = self._average.module
        averaged.load_state_dict({**averaged.state_dict(), **dict(self.module.named_buffers())})
        return averaged.eval()

    def _save(self) -> None:
        state = {
            "module": self.module.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "losses": self.history.losses,
            "validation": self.history.validation,
        }
        with atomic_path(self._checkpoint) as temporary:
            torch.save(state, temporary)

    def _resumed(self) -> History:
        path = self._checkpoint
        if not path.is_file():
            return History()
        try:
            state: Any = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as cause:
            raise TrainingError(
                f"the interrupted run cannot be read ({type(cause).__name__})",
                where=path,
                remedy="delete this file to start the phase again",
            ) from cause
        try:
            self.module.load_state_dict(state["module"])
            self._average.load_state_dict(state["average"])
            self._optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, KeyError) as cause:
            raise TrainingError(
                "the interrupted run has another network",
                where=path,
                remedy="use its recipe, or another output folder",
            ) from cause
        return History(state["losses"], state["validation"])


def fit(fitting: Fitting, *, progress: Progress | None = None, label: str = "train") -> FitResult:
    """Take all steps that are left, telling the mean of the last losses and the last score.

    Raises:
        TrainingError: The loss is not finite.
    """
    while fitting.done < fitting.plan.steps:
        fitting.step()
        if progress is not None:
            progress(fitting.done, fitting.plan.steps, f"{label}: {fitting.history.told()}")
    return FitResult(fitting.averaged(), fitting.history)


def _schedule(step: int, plan: Fit) -> float:
    if step < plan.warmup_steps:
        return (step + 1) / plan.warmup_steps
    done = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done)) * 0.99 + 0.01
