"""The BatchNorm student of a GroupNorm teacher: built, given statistics, and distilled.

GroupNorm → BatchNorm and GELU → ReLU change the function; distillation restores what they cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from edge_sdk.network.architecture import ActivationName, Norm
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from quantization.compressor import Form, Row, StageReport
from quantization.features import decoder_features, feature_loss
from quantization.fitting import Batch, Fitting, History
from quantization.losses import SegmentationLoss, distillation_loss
from quantization.processor import Processor
from quantization.recipe import Fit, Student

STATISTICS_BATCHES = 20


def student_of(teacher: EfficientMedNeXt, activation: ActivationName, norm: Norm = "batch") -> EfficientMedNeXt:
    """A network with the given norm and activation that starts from the teacher's weights."""
    student = EfficientMedNeXt(replace(teacher.architecture, norm=norm, activation=activation))
    student.load_state_dict(teacher.state_dict(), strict=False)
    return student


@torch.no_grad()
def estimate_statistics(student: EfficientMedNeXt, batches: Callable[[int], Batch], count: int) -> None:
    """Set the BatchNorm statistics to the plain mean over `count` batches."""
    norms = [m for m in student.modules() if isinstance(m, nn.BatchNorm3d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    student.train()
    device = next(student.parameters()).device
    for step in range(count):
        student.stages(batches(step)[0].to(device), student.last_stage)
    for norm in norms:
        norm.momentum = 0.1
    student.eval()


class Distillation:
    """The deploy form of a published network: a `Compressor` whose form is the BatchNorm student.

    The student starts from the teacher's weights and learns from labels, from the teacher's logits (Hinton et al.
    2015) and from its decoder features (after Romero et al. 2015, without a regressor: both have the same widths).
    """

    def __init__(
        self,
        teacher: EfficientMedNeXt,
        batches: Callable[[int], Batch],
        plan: Student,
        *,
        checkpoint: Path,
        norm: Norm = "batch",
        activation: ActivationName | None = None,
        fit: Fit | None = None,
        score: Callable[[nn.Module], float] | None = None,
        processor: Processor | None = None,
    ) -> None:
        """
        Args:
            teacher: The published form; it is set to evaluation mode and left as it is.
            batches: Batch of a step number.
            checkpoint: Of the fit; an interrupted distillation goes on from there.
            norm, activation, fit: Other than the plan's, for studies; None takes the plan's.
            score: Validation Dice of a module, for the plan's `validate_every`.
            processor: Where to compute; None is float32 on the CPU.
        """
        self._teacher, self._batches, self._plan = teacher.eval(), batches, plan
        self._checkpoint, self._norm, self._score = checkpoint, norm, score
        self._processor = processor or Processor()
        self._activation: ActivationName = activation or plan.activation
        self._fit = fit or plan.fit
        self._fitting: Fitting | None = None

    name = "distil"

    @property
    def steps(self) -> int:
        """Steps of the fit."""
        return self._fit.steps

    @property
    def done(self) -> int:
        """Steps taken, those before an interruption too."""
        return 0 if self._fitting is None else self._fitting.done

    @property
    def history(self) -> History:
        """Losses and validation of the fit, once prepared."""
        assert self._fitting is not None
        return self._fitting.history

    def prepare(self) -> None:
        """Build the student and estimate its statistics, or take up an interrupted fit."""
        student = student_of(self._teacher, self._activation, self._norm).to(self._processor.device)
        if self._norm == "batch" and not self._checkpoint.is_file():
            estimate_statistics(student, self._batches, STATISTICS_BATCHES)
        student.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self._fitting = Fitting(
            student,
            imitation_loss(self._teacher, self._plan),
            self._batches,
            self._fit,
            checkpoint=self._checkpoint,
            validate=self._score,
            processor=self._processor,
        )

    def step(self) -> str:
        """One step of the fit."""
        assert self._fitting is not None
        self._fitting.step()
        return self._fitting.history.told()

    def finalize(self) -> Form:
        """The student with its averaged weights."""
        assert self._fitting is not None
        student = self._fitting.averaged()
        assert isinstance(student, EfficientMedNeXt)
        return Form(network=student)

    def report(self) -> StageReport:
        """What was swapped, and how the fit went."""
        validation: list[Row] = [{"step": step, "dice": score} for step, score in self.history.validation]
        losses = self.history.losses
        return StageReport(
            self.name,
            {
                "norm": f"{self._teacher.norm_kind} → {self._norm}",
                "activation": f"{self._teacher.activation_kind} → {self._activation}",
                "steps": len(losses),
                "final_loss": sum(losses[-20:]) / len(losses[-20:]),
            },
            {"Dice on validation cases": validation} if validation else {},
        )


def imitation_loss(teacher: EfficientMedNeXt, plan: Student) -> Callable[[nn.Module, Batch], Tensor]:
    """The loss of a student: labels at every head, the teacher's logits, and its decoder features.

    Args:
        teacher: In evaluation mode; it follows the images to their device.
        plan: Weights of the terms.
    """
    label_loss = SegmentationLoss()

    def loss_of(module: nn.Module, batch: Batch) -> Tensor:
        images, labels = batch
        assert isinstance(module, EfficientMedNeXt)
        with decoder_features(module) as ours:
            outputs = module.stages(images, module.last_stage)
        with torch.no_grad(), decoder_features(teacher) as theirs:
            target: Tensor = teacher.to(images.device)(images)
        loss = label_loss(outputs, labels) + plan.distillation * distillation_loss(outputs[0], target)
        if plan.feature_distillation > 0:
            loss = loss + plan.feature_distillation * feature_loss(ours, theirs)
        return loss

    return loss_of
