"""What the distillation of the deploy form reports."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from quantization.records.part import RecordRow
from quantization.records.stage import DISTILLATION, StageKey, StageReport, StageTables


class DistillationSummary(RecordRow):
    """How the distillation went.

    Attributes:
        norm, activation: What was replaced by what, such as "group → batch".
        steps: Steps of the fit.
        final_loss: Mean loss of the last 20 steps.
    """

    norm: str
    activation: str
    steps: int
    final_loss: float


class ValidationRow(RecordRow):
    """Mean Dice on the validation cases after a number of steps."""

    step: int
    dice: float


class DistillationTables(StageTables):
    """Dice while the student learned; not set where it was not measured."""

    validation: list[ValidationRow] = Field(
        default=[], validation_alias="Dice on validation cases", serialization_alias="Dice on validation cases"
    )


class DistillationReport(StageReport[DistillationSummary, DistillationTables]):
    """The deploy form's distillation."""

    stage: ClassVar[StageKey] = DISTILLATION
