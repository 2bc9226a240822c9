"""The compressor that makes the deploy form of a published network: distillation of its BatchNorm student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from edge_sdk.network.architecture import ActivationName, Norm
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.compressor import Compressed
from quantization.fitting import Batch, Fitting
from quantization.processor import Processor
from quantization.recipe import FitRecipe, StudentRecipe
from quantization.records.distillation import (
    DistillationReport,
    DistillationSummary,
    DistillationTables,
    ValidationRow,
)
from quantization.student import estimate_statistics, imitation_loss, student_of

NAME = "distil"
"""In run.json."""
STATISTICS_BATCHES = 20


class Distillation:
    """The deploy form of a published network: a `Compressor` whose form is the BatchNorm student.

    The student starts from the teacher's weights and learns from labels, from the teacher's logits (Hinton et al.
    2015) and from its decoder features (after Romero et al. 2015, without a regressor: both have the same widths).
    """

    def __init__(
        self,
        teacher: EfficientMedNeXt,
        batches: Callable[[int], Batch],
        plan: StudentRecipe,
        *,
        checkpoint: Path,
        norm: Norm = "batch",
        activation: ActivationName | None = None,
        fit: FitRecipe | None = None,
        score: Callable[[nn.Module], float] | None = None,
        processor: Processor | None = None,
        name: str = NAME,
    ) -> None:
        """
        Args:
            teacher: Published form; it is set to evaluation mode and its weights stay as they are.
            batches: Batch of a step number.
            plan: The recipe's section.
            checkpoint: File of the fit; an interrupted distillation goes on from there.
            norm: Norm of the student.
            activation: Activation of the student; None takes the plan's.
            fit: Length and rates of the fit; None takes the plan's.
            score: Validation Dice of a module, for the plan's `validate_every`.
            processor: Where to compute; None is float32 on the CPU.
            name: Label in the progress display.
        """
        self.name = name
        self._teacher, self._batches, self._plan = teacher.eval(), batches, plan
        self._checkpoint, self._norm, self._score = checkpoint, norm, score
        self._processor = processor or Processor()
        self._activation: ActivationName = activation or plan.activation
        self._fit = fit or plan.fit

    def prepare(self) -> PreparedDistillation:
        """Build the student and estimate its statistics, or take up an interrupted fit.

        Raises:
            TrainingError: The file of an interrupted fit is damaged, or of another network.
        """
        student = student_of(self._teacher, self._activation, self._norm).to(self._processor.device)
        if self._norm == "batch" and not self._checkpoint.is_file():
            estimate_statistics(student, self._batches, STATISTICS_BATCHES)
        student.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        fitting = Fitting(
            student,
            imitation_loss(self._teacher, self._plan),
            self._batches,
            self._fit,
            checkpoint=self._checkpoint,
            validate=self._score,
            processor=self._processor,
        )
        swapped = f"{self._teacher.norm_kind} → {self._norm}", f"{self._teacher.activation_kind} → {self._activation}"
        return PreparedDistillation(fitting, *swapped)


@dataclass(frozen=True)
class PreparedDistillation:
    """A student that learns.

    Attributes:
        fitting: The fit of the student.
        norm, activation: What was replaced by what.
    """

    fitting: Fitting[EfficientMedNeXt]
    norm: str
    activation: str

    @property
    def steps(self) -> int:
        """Steps of the fit."""
        return self.fitting.plan.steps

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return self.fitting.done

    def step(self) -> str:
        """One step of the fit."""
        self.fitting.step()
        return self.fitting.history.summary()

    def finalize(self) -> Compressed[EfficientMedNeXt, DistillationReport]:
        """The student with its averaged weights, and how the fit went."""
        history = self.fitting.history
        rows = [ValidationRow(step=step, dice=score) for step, score in history.validation]
        report = DistillationReport(
            name=NAME,
            summary=DistillationSummary(
                norm=self.norm,
                activation=self.activation,
                steps=len(history.losses),
                final_loss=history.recent_loss,
            ),
            tables=DistillationTables(validation=rows) if rows else DistillationTables(),
            notes=[],
        )
        return Compressed(self.fitting.averaged(), report, history)
