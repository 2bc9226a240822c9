"""A form beside the published one on the same cases: the numbers that the gate looks at, and that reports show."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_sdk.metrics import Interval
from quantization.records.part import RecordPart


class QualityLevel(RecordPart):
    """Whether a form keeps a share of the published form's Dice.

    Attributes:
        kept: The ratio of the means reaches the share.
        surely: The whole 95 % interval of the ratio reaches it; None without an interval.
    """

    kept: bool
    surely: bool | None


class ClassComparison(RecordPart):
    """One class, on the cases that hold it in the labels or in either mask.

    Attributes:
        cases: Number of these cases.
        dice, reference_dice: Mean Dice of the form and of the published form.
        difference, difference_ci95: dice - reference_dice, and its interval.
        ratio, ratio_ci95: dice / reference_dice, and its interval; None where reference_dice is 0.
        hd95_mm, reference_hd95_mm: Mean HD95 of the form and of the published form, mm.
        hd95_increase_mm, hd95_increase_ci95: hd95_mm - reference_hd95_mm, and its interval, mm.

    The intervals are None under `edge_sdk.metrics.FEWEST_FOR_INTERVAL` cases.
    """

    cases: int
    dice: float
    reference_dice: float
    difference: float
    difference_ci95: Interval | None
    ratio: float | None
    ratio_ci95: Interval | None
    hd95_mm: float
    reference_hd95_mm: float
    hd95_increase_mm: float
    hd95_increase_ci95: Interval | None


class AbsentClass(RecordPart):
    """A class that no case holds."""

    cases: int = 0


class FormComparison(RecordPart):
    """All classes of all cases.

    Attributes:
        levels: Share of the Dice, such as "0.99", to whether it is kept.
        minimum_ratio: Least `ratio` with which the gate passes.
        maximum_hd95_increase_mm: Largest `hd95_increase_mm` with which the gate passes.
        classes: Class name to the same numbers.

    The other attributes are those of `ClassComparison`.
    """

    cases: int
    dice: float
    reference_dice: float
    difference: float
    difference_ci95: Interval | None
    ratio: float
    ratio_ci95: Interval | None
    levels: dict[str, QualityLevel]
    minimum_ratio: float
    hd95_mm: float
    reference_hd95_mm: float
    hd95_increase_mm: float
    hd95_increase_ci95: Interval | None
    maximum_hd95_increase_mm: float
    classes: dict[str, Annotated[ClassComparison | AbsentClass, Field(union_mode="left_to_right")]]
