"""The group "accuracy" of a target in a benchmark report."""

from __future__ import annotations

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured

DiceByClass = dict[str, float | NotMeasured]
"""Class name → Dice."""


class AccuracyGate(ReportGroup):
    """Whether the target keeps the reference's accuracy.

    Attributes:
        passes: Whether the ratio is at least `least_ratio`.
        least_ratio: Least share of the reference's Dice.
    """

    passes: bool
    least_ratio: float


class AccuracyGroup(ReportGroup):
    """Dice on labeled volumes, beside the FP32 reference's.

    Attributes:
        data: Folder of the labeled volumes.
        cases: How many they are.
        dice: Class name → Dice averaged over the cases; "mean" → averaged over the classes as well.
        reference: Where the reference's Dice comes from.
        reference_mean: The reference's mean Dice.
        ratio, ratio_ci95: Share of the reference's Dice that the target keeps, with its 95 % interval.
        difference, difference_ci95: Target minus reference, with its 95 % interval.
        gate: The verdict on the ratio.
        dice_by_case, reference_dice_by_case: Case → class name → Dice.
        hd95_mm: 95th percentile of the surface distances, mm.
    """

    data: str | NotMeasured
    cases: int | NotMeasured
    dice: DiceByClass
    reference: str | NotMeasured
    reference_mean: float | NotMeasured
    ratio: float | NotMeasured
    ratio_ci95: list[float] | NotMeasured
    difference: float | NotMeasured
    difference_ci95: list[float] | NotMeasured
    gate: AccuracyGate | NotMeasured
    dice_by_case: dict[str, DiceByClass]
    reference_dice_by_case: dict[str, DiceByClass] | NotMeasured
    hd95_mm: float | NotMeasured

    @property
    def mean_dice(self) -> float | NotMeasured:
        """Dice over the classes but the background, averaged over the cases."""
        return self.dice["mean"]
