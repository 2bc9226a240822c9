"""The check that may refuse to ship: Dice and HD95 of a form beside the published form's, on the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_sdk.metrics import Paired, compare_paired, no_interval, paired_by_case
from edge_sdk.packages.manifest import Gate
from quantization.recipe import GateRecipe
from quantization.records.comparison import AbsentClass, ClassComparison, FormComparison, QualityLevel
from quantization.records.forms import ClassScores, FormAccuracy

PERFECT_DICE, PERFECT_HD95 = 1.0, 0.0
"""Score where a network correctly predicts no voxels of a class and the other network predicts some."""

CaseScores = Mapping[str, ClassScores]
"""Case identity to the scores of its classes."""


@dataclass(frozen=True)
class GateOutcome:
    """What the gate says of a form.

    Attributes:
        gate: Verdict, reason, and the comparison as JSON.
        comparison: The form beside the published one; None without cases to compare on.
    """

    gate: Gate
    comparison: FormComparison | None


def evaluate_gate(candidate: FormAccuracy, reference: FormAccuracy, rule: GateRecipe) -> GateOutcome:
    """Compare two evaluations of the same cases.

    The ratio of the mean Dice decides, and the increase of the mean HD95; intervals, levels and classes are reported.

    Args:
        candidate: Accuracy of the form.
        reference: Accuracy of the published form.
        rule: The recipe's section.
    """
    if candidate.hd95_cases is None or reference.hd95_cases is None:
        return _not_run("evaluated by an earlier version, without distances: compress again")
    dice = _compare(candidate.cases, reference.cases, PERFECT_DICE)
    hd95 = _compare(candidate.hd95_cases, reference.hd95_cases, PERFECT_HD95)
    if dice is None or hd95 is None or dice.ratio is None:
        return _not_run("no held-out cases that the FP32 reference segments")
    passed = dice.ratio >= rule.minimum_ratio and hd95.difference <= rule.maximum_hd95_increase_mm
    comparison = FormComparison(
        cases=dice.cases,
        dice=dice.ours,
        reference_dice=dice.reference,
        difference=dice.difference,
        difference_ci95=dice.difference_ci95,
        ratio=dice.ratio,
        ratio_ci95=dice.ratio_ci95,
        levels={
            level: QualityLevel(kept=bool(kept["kept"]), surely=kept["surely"]) for level, kept in dice.levels().items()
        },
        minimum_ratio=rule.minimum_ratio,
        hd95_mm=hd95.ours,
        reference_hd95_mm=hd95.reference,
        hd95_increase_mm=hd95.difference,
        hd95_increase_ci95=hd95.difference_ci95,
        maximum_hd95_increase_mm=rule.maximum_hd95_increase_mm,
        classes={
            name: _compare_class(
                _of_class(candidate.cases, number),
                _of_class(reference.cases, number),
                _of_class(candidate.hd95_cases, number),
                _of_class(reference.hd95_cases, number),
            )
            for number, name in enumerate(candidate.dice, 1)
        },
    )
    gate = Gate(
        verdict="passed" if passed else "failed",
        reason=f"keeps {100 * dice.ratio:.2f} % of the FP32 Dice ({_interval(dice)}), "
        f"at least {100 * rule.minimum_ratio:g} % asked; "
        f"HD95 {hd95.difference:+.2f} mm, at most {rule.maximum_hd95_increase_mm:+g} mm asked",
        numbers=comparison.to_json(),
    )
    return GateOutcome(gate, comparison)


def _interval(dice: Paired) -> str:
    """The ratio's interval in %, or why there is none."""
    if dice.ratio_ci95 is None:
        return no_interval(dice.cases) or "no 95 % interval"
    low, high = (100 * end for end in dice.ratio_ci95)
    return f"95 % interval {low:.2f} to {high:.2f}"


def _not_run(reason: str) -> GateOutcome:
    return GateOutcome(Gate(verdict="not run", reason=reason), None)


def _compare_class(
    dice: CaseScores, reference_dice: CaseScores, hd95: CaseScores, reference_hd95: CaseScores
) -> ClassComparison | AbsentClass:
    """Compare one class on the cases that hold it, in labels or in either mask."""
    by_dice = _compare(dice, reference_dice, PERFECT_DICE)
    by_hd95 = _compare(hd95, reference_hd95, PERFECT_HD95)
    if by_dice is None or by_hd95 is None:
        return AbsentClass(cases=0)
    return ClassComparison(
        cases=by_dice.cases,
        dice=by_dice.ours,
        reference_dice=by_dice.reference,
        difference=by_dice.difference,
        difference_ci95=by_dice.difference_ci95,
        ratio=by_dice.ratio,
        ratio_ci95=by_dice.ratio_ci95,
        hd95_mm=by_hd95.ours,
        reference_hd95_mm=by_hd95.reference,
        hd95_increase_mm=by_hd95.difference,
        hd95_increase_ci95=by_hd95.difference_ci95,
    )


def _of_class(cases: CaseScores, number: int) -> CaseScores:
    """The scores of one class."""
    return {name: {key: value for key, value in scores.items() if key == number} for name, scores in cases.items()}


def _compare(candidate: CaseScores, reference: CaseScores, absent: float) -> Paired | None:
    """The paired comparison of a measure; None without a case that both have scores of."""
    pairs = paired_by_case(candidate, reference, absent=absent)
    return compare_paired(*pairs) if pairs[0] else None
