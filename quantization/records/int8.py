"""What calibration and quantization-aware fine-tuning report."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from quantization.records.part import RecordRow
from quantization.records.stage import QUANTIZATION, StageKey, StageReport, StageTables


class QuantizationSummary(RecordRow):
    """How INT8 was reached, and what rounding does to the logits.

    Attributes:
        observer, weight_limit, isa: As in the recipe.
        error: |INT8 - float| / |float| of the logits, Euclidean norms.
        class_change: Share of logit voxels whose class differs from the float form's.
        float_layers: Number of layers that stay float.
        float_macs: Share of the multiplications that stays float.
        ranges: As in the recipe; set with fine-tuning.
        steps: Steps of the fine-tuning; set where it was done.
        final_loss: Mean loss of its last 20 steps.
    """

    observer: str
    weight_limit: int
    isa: str | None
    error: float
    class_change: float
    float_layers: int
    float_macs: float
    ranges: str | None = None
    steps: int | None = None
    final_loss: float | None = None


class QuantizedFormRow(RecordRow):
    """A form on the way to INT8; `error` and `class_change` as in `QuantizationSummary`.

    Attributes:
        form: Name of the form.
        dice: Mean Dice on the validation cases; None without such cases.
    """

    form: str
    error: float
    class_change: float
    dice: float | None


class SensitivityRow(RecordRow):
    """What happens where one layer alone computes on integers.

    Attributes:
        error, class_change: As in `QuantizationSummary`.
        layer: Name of the convolution.
        macs: Multiply-accumulates of the layer for one patch.
        stays_float: "yes" or "no".
    """

    error: float
    class_change: float
    layer: str
    macs: int
    stays_float: str = Field(validation_alias="float", serialization_alias="float")


class QuantizationTables(StageTables):
    """The forms in the order of their making, and the layers, the most sensitive first; not set where not measured."""

    forms: list[QuantizedFormRow] = Field(validation_alias="Forms", serialization_alias="Forms")
    layers: list[SensitivityRow] = Field(
        default=[], validation_alias="Sensitivity of the layers", serialization_alias="Sensitivity of the layers"
    )


class QuantizationReport(StageReport[QuantizationSummary, QuantizationTables]):
    """Calibration, and fine-tuning where there was any."""

    stage: ClassVar[StageKey] = QUANTIZATION
