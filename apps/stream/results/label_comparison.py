"""How the final mask compares with known labels."""

from __future__ import annotations

from collections.abc import Mapping

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from edge_sdk.metrics import mean_over_classes

_ABSENT = "neither the mask nor the labels hold it"


class LabelComparison(ReportPart):
    """How the final mask compares with known labels, where voxels were seen."""

    against: str
    """What the labels are."""
    dice: dict[str, float | NotMeasured]
    """Class name → Dice coefficient."""
    mean_dice: float | NotMeasured
    """Mean over the classes that are in the mask or in the labels."""
    mask_equals_segment_on_final_volume: bool
    """Whether the mask equals `edge_sdk.segment` on the final volume, voxel for voxel."""


def label_comparison(
    dice: Mapping[int, float | None], names: Mapping[int, str], *, against: str, equals_segment: bool
) -> LabelComparison:
    """Give classes their names and round the scores.

    Args:
        dice: Class number → Dice coefficient; None where neither the mask nor the labels hold the class.
        names: Class number → name.
        against: Description of the labels that the mask is compared with.
        equals_segment: Whether the mask equals `edge_sdk.segment` on the final volume, voxel for voxel.
    """
    return LabelComparison(
        against=against,
        dice={names[label]: _rounded(score, _ABSENT) for label, score in dice.items()},
        mean_dice=_rounded(mean_over_classes(dice), "neither the mask nor the labels hold any class"),
        mask_equals_segment_on_final_volume=equals_segment,
    )


def _rounded(score: float | None, why: str) -> float | NotMeasured:
    return NotMeasured(why=why) if score is None else round(score, 5)
