"""What the study of the deploy form's swaps reports."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from quantization.records.part import RecordRow
from quantization.records.stage import SWAPS, StageKey, StageReport, StageTables


class SwapSummary(RecordRow):
    """Steps of distillation for every combination."""

    steps: int


class SwapRow(RecordRow):
    """A combination of norm and activation.

    Attributes:
        swap: What was swapped.
        dice: Mean Dice on the validation cases.
        dice_change: `dice` less that of the published form.
        latency_ms: Median latency of one patch, ms; None where it was not measured.
        speedup: Latency of the published form over `latency_ms`.
    """

    swap: str
    dice: float
    dice_change: float
    latency_ms: float | None
    speedup: float | None


class SwapTables(StageTables):
    """One row a combination, the published form first."""

    swaps: list[SwapRow] = Field(
        validation_alias="What each swap costs and gains", serialization_alias="What each swap costs and gains"
    )


class SwapReport(StageReport[SwapSummary, SwapTables]):
    """The study of what each swap of the deploy form costs."""

    stage: ClassVar[StageKey] = SWAPS
