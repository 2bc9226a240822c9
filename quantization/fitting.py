"""The training loop that every phase shares: AdamW, warm-up and cosine, EMA, resumable after a kill."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from edge_sdk.errors import TrainingError
from edge_sdk.files import atomic_path, remove_parts
from edge_sdk.progress import Progress
from quantization.processor import Processor
from quantization.recipe import FitRecipe

Batch = tuple[Tensor, Tensor]
Trained = TypeVar("Trained", bound=nn.Module)
RECENT = 20
"""Steps whose mean loss is reported."""


@dataclass
class History:
    """What a fit went through.

    Attributes:
        losses: Of every step.
        validation: (steps done, score) of every validation.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)

    @property
    def recent_loss(self) -> float:
        """Mean of the last losses; only after the first step."""
        recent = self.losses[-RECENT:]
        return sum(recent) / len(recent)

    def summary(self) -> str:
        """The mean of the last losses and the last score, for progress."""
        score = f", Dice {self.validation[-1][1]:.3f}" if self.validation else ""
        return f"loss {self.recent_loss:.3f}{score}"


@dataclass
class FitResult(Generic[Trained]):
    """The averaged weights, and how they came about."""

    module: Trained
    history: History


class Fitting(Generic[Trained]):
    """One training phase, step by step; the averaged weights are its result.

    Attributes:
        history: Of all steps, those before an interruption too.
    """

    def __init__(
        self,
        module: Trained,
        loss_of: Callable[[Trained, Batch], Tensor],
        batches: Callable[[int], Batch],
        plan: FitRecipe,
        *,
        checkpoint: Path,
        validate: Callable[[nn.Module], float] | None = None,
        processor: Processor | None = None,
        watch: Callable[[History], None] | None = None,
    ) -> None:
        """
        Args:
            loss_of: Loss of a batch.
            batches: Batch of a step number; the same in every run, so that a resumed run equals an unbroken one.
                Where several processes train together, the whole batch, of which each takes its part.
            checkpoint: Written every `plan.save_every` steps; a later fit with the same file goes on from there.
            validate: Score of the averaged weights, taken every `plan.validate_every` steps.
            processor: Where to compute; the module is moved there. None is float32 on the CPU.
            watch: Called with the history whenever the checkpoint was written.

        Raises:
            TrainingError: The file of an interrupted run is damaged, or of another network.
        """
        self.module, self.plan = module, plan
        self._batches, self._validate, self._watch = batches, validate, watch
        self._checkpoint, self._processor = checkpoint, processor or Processor()
        module.to(self._processor.device)
        self._loss = self._processor.joined(_Loss(module, loss_of))
        self._scaler = self._processor.scaler()
        self._optimizer = torch.optim.AdamW(module.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
        self._average = AveragedModel(
            module,
            multi_avg_fn=get_ema_multi_avg_fn(plan.ema),  # type: ignore[no-untyped-call]
            use_buffers=False,
        )
        if self._processor.leads:
            remove_parts(checkpoint)
        self.history = self._processor.together(self._resumed)
        if len(set(self._processor.gathered_values(self.done))) > 1:
            raise TrainingError(
                "the processes do not see the same interrupted run",
                where=checkpoint,
                remedy="put the run folder where all machines share it",
            )

    @property
    def done(self) -> int:
        """Steps taken so far."""
        return len(self.history.losses)

    def step(self) -> float:
        """Take the next step; its loss.

        Raises:
            TrainingError: The loss is not finite, or the batch cannot be split among the processes.
        """
        number, processor, scaler = self.done, self._processor, self._scaler
        self.module.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * _schedule(number, self.plan)
        images, labels = self._batches(number)
        with processor.autocast():
            loss = self._loss(processor.share(images), processor.share(labels))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"loss is {loss.item()} at step {number}",
                where=self._checkpoint.parent,
                remedy="lower the learning rate",
            )
        self._optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        scaler.step(self._optimizer)
        scaler.update()
        self._average.update_parameters(self.module)
        self.history.losses.append(loss.item())
        every = self.plan.validate_every
        if self._validate is not None and every and (self.done % every == 0 or self.done == self.plan.steps):
            score = self._validate(self.averaged()) if processor.leads else math.nan
            self.history.validation.append((self.done, processor.agreed(score)))
        if processor.leads and (self.done % self.plan.save_every == 0 or self.done == self.plan.steps):
            self._save()
            if self._watch is not None:
                self._watch(self.history)
        return self.history.losses[-1]

    def averaged(self) -> Trained:
        """The averaged weights, in evaluation mode; BatchNorm statistics, averages already, are the live ones."""
        averaged = cast("Trained", self._average.module)  # a deep copy of the module, which torch types as any module
        averaged.load_state_dict({**averaged.state_dict(), **dict(self.module.named_buffers())})
        return averaged.eval()

    def _save(self) -> None:
        state = {
            "module": self.module.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "losses": self.history.losses,
            "validation": self.history.validation,
            "scaler": self._scaler.state_dict(),
        }
        with atomic_path(self._checkpoint) as temporary:
            torch.save(state, temporary)

    def _resumed(self) -> History:
        path = self._checkpoint
        if not path.is_file():
            return History()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
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
            if self._scaler.is_enabled() and state.get("scaler"):
                self._scaler.load_state_dict(state["scaler"])
        except (RuntimeError, ValueError, KeyError) as cause:
            raise TrainingError(
                "the interrupted run has another network",
                where=path,
                remedy="use its recipe, or another output folder",
            ) from cause
        return History(state["losses"], state["validation"])


class _Loss(nn.Module, Generic[Trained]):
    """The loss as a module, for processes that train together meet in `forward` only."""

    def __init__(self, module: Trained, loss_of: Callable[[Trained, Batch], Tensor]) -> None:
        super().__init__()
        self.module, self.loss_of = module, loss_of

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Loss of a batch."""
        return self.loss_of(self.module, (images, labels))


def fit(fitting: Fitting[Trained], *, progress: Progress | None = None, label: str = "train") -> FitResult[Trained]:
    """Take all steps that are left, and report the mean of the last losses and the last score.

    Raises:
        TrainingError: The loss is not finite.
    """
    while fitting.done < fitting.plan.steps:
        fitting.step()
        if progress is not None:
            progress(fitting.done, fitting.plan.steps, f"{label}: {fitting.history.summary()}")
    return FitResult(fitting.averaged(), fitting.history)


def _schedule(step: int, plan: FitRecipe) -> float:
    if step < plan.warmup_steps:
        return (step + 1) / plan.warmup_steps
    done = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done)) * 0.99 + 0.01
