"""The check that may refuse to ship: Dice and HD95 of a form beside the published form's, on the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_sdk.metrics import Paired, Scores, compare_paired, paired_by_case
from edge_sdk.packages.manifest import Gate
from quantization import recipe

PERFECT = {"dice": 1.0, "hd95": 0.0}
"""What a network has earned that rightly sees nothing."""


def judge(candidate: Mapping[str, Any], reference: Mapping[str, Any], rule: recipe.Gate) -> Gate:
    """Compare two evaluations of the same cases.

    The ratio of the mean Dice decides, and the increase of the mean HD95; intervals and classes are told.

    Args:
        candidate, reference: What `quantization.evaluation.evaluate` returned.
        rule: The recipe's section.

    Returns:
        "numbers" holds the means, the paired difference and ratio with their 95 % intervals, MLPerf's levels, HD95, and
        the same for each class.
    """
    if not ("hd95_cases" in candidate and "hd95_cases" in reference):
        return Gate(verdict="not run", reason="evaluated by an earlier version, without distances: compress again")
    dice = _compare(candidate["cases"], reference["cases"], "dice")
    if dice is None or dice.ratio is None or dice.ratio_ci95 is None:
        return Gate(verdict="not run", reason="no held-out cases that the FP32 reference segments")
    hd95 = _compare(candidate["hd95_cases"], reference["hd95_cases"], "hd95")
    assert hd95 is not None, "what has a Dice has a distance"
    passed = dice.ratio >= rule.minimum_ratio and hd95.difference <= rule.maximum_hd95_increase_mm
    low, high = (100 * end for end in dice.ratio_ci95)
    return Gate(
        verdict="passed" if passed else "failed",
        reason=f"keeps {100 * dice.ratio:.2f} % of the FP32 Dice (95 % interval {low:.2f} to {high:.2f}), "
        f"at least {100 * rule.minimum_ratio:g} % asked; "
        f"HD95 {hd95.difference:+.2f} mm, at most {rule.maximum_hd95_increase_mm:+g} mm asked",
        numbers={
            "cases": dice.cases,
            **_dice_numbers(dice),
            "levels": {level: dict(kept) for level, kept in dice.levels().items()},
            "minimum_ratio": rule.minimum_ratio,
            **_hd95_numbers(hd95),
            "maximum_hd95_increase_mm": rule.maximum_hd95_increase_mm,
            "classes": {
                name: _class_numbers(candidate, reference, number) for number, name in enumerate(candidate["dice"], 1)
            },
        },
    )


def _class_numbers(candidate: Mapping[str, Any], reference: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Of the cases that hold the class, in labels or in either mask."""
    dice = _compare(candidate["cases"], reference["cases"], "dice", number)
    hd95 = _compare(candidate["hd95_cases"], reference["hd95_cases"], "hd95", number)
    if dice is None or hd95 is None:
        return {"cases": 0}
    return {"cases": dice.cases, **_dice_numbers(dice), **_hd95_numbers(hd95)}


def _compare(
    candidate: Mapping[str, Any], reference: Mapping[str, Any], measure: str, number: int | None = None
) -> Paired | None:
    ours, theirs = (
        {name: _numbered(scores, number) for name, scores in cases.items()} for cases in (candidate, reference)
    )
    pairs = paired_by_case(ours, theirs, absent=PERFECT[measure])
    return compare_paired(*pairs) if pairs[0] else None


def _numbered(scores: Mapping[str, float | None], number: int | None) -> Scores:
    """Class numbers as numbers; of one class only, where it is given."""
    return {int(key): value for key, value in scores.items() if number is None or int(key) == number}


def _dice_numbers(found: Paired) -> dict[str, Any]:
    return {
        "dice": found.ours,
        "reference_dice": found.reference,
        "difference": found.difference,
        "difference_ci95": list(found.difference_ci95),
        "ratio": found.ratio,
        "ratio_ci95": None if found.ratio_ci95 is None else list(found.ratio_ci95),
    }


def _hd95_numbers(found: Paired) -> dict[str, Any]:
    return {
        "hd95_mm": found.ours,
        "reference_hd95_mm": found.reference,
        "hd95_increase_mm": found.difference,
        "hd95_increase_ci95": list(found.difference_ci95),
    }
