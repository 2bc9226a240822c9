from __future__ import annotations

import pytest

from quantization.gate import GateOutcome, evaluate_gate
from quantization.recipe import GateRecipe
from quantization.records.comparison import ClassComparison, FormComparison
from quantization.records.forms import ClassScores, FormAccuracy


def scores(*values: float, hd95: float | None = 1.0) -> FormAccuracy:
    return FormAccuracy(
        dice={"ball": sum(values) / len(values), "cube": None},
        mean=sum(values) / len(values),
        cases={f"case_{i}": {1: value, 2: None} for i, value in enumerate(values)},
        hd95_cases={f"case_{i}": {1: hd95, 2: None} for i, _ in enumerate(values)},
    )


def compared(outcome: GateOutcome) -> FormComparison:
    """The comparison of an outcome that has one."""
    assert outcome.comparison is not None
    return outcome.comparison


def test_the_gate_passes_at_its_ratio_and_fails_below() -> None:
    outcome = evaluate_gate(scores(0.89, 0.91), scores(0.9, 0.9), GateRecipe())
    assert (outcome.gate.verdict, compared(outcome).ratio, compared(outcome).cases) == ("passed", 1.0, 2)
    failed = evaluate_gate(scores(0.8, 0.8), scores(0.9, 0.9), GateRecipe()).gate
    assert failed.verdict == "failed"
    assert "keeps 88.89 % of the FP32 Dice (no 95 % interval from 2 cases: at least 6 are needed), " in failed.reason
    assert failed.reason.count("at least 99 % asked") == 1
    enough = evaluate_gate(scores(*[0.8] * 6), scores(*[0.9] * 6), GateRecipe()).gate
    assert "keeps 88.89 % of the FP32 Dice (95 % interval 88.89 to 88.89), at least 99 % asked" in enough.reason
    stricter = GateRecipe(minimum_ratio=0.999)
    assert evaluate_gate(scores(0.895, 0.895), scores(0.9, 0.9), stricter).gate.verdict == "failed"


def test_surfaces_that_drift_apart_fail_though_the_dice_is_kept() -> None:
    outcome = evaluate_gate(scores(0.9, hd95=2.5), scores(0.9, hd95=1.0), GateRecipe())
    assert outcome.gate.verdict == "failed"
    assert "HD95 +1.50 mm, at most +1 mm asked" in outcome.gate.reason
    assert compared(outcome).hd95_increase_mm == pytest.approx(1.5)
    wider = GateRecipe(maximum_hd95_increase_mm=1.5)
    assert evaluate_gate(scores(0.9, hd95=2.5), scores(0.9), wider).gate.verdict == "passed"


def test_both_levels_and_the_paired_difference_are_reported() -> None:
    outcome = evaluate_gate(scores(*[0.896] * 6), scores(*[0.9] * 6), GateRecipe())
    comparison = compared(outcome)
    kept = {level: (found.kept, found.surely) for level, found in comparison.levels.items()}
    assert kept == {"0.99": (True, True), "0.999": (False, False)}
    assert comparison.difference == pytest.approx(-0.004)
    assert comparison.difference_ci95 == pytest.approx([-0.004, -0.004])
    assert outcome.gate.numbers["levels"] == {
        "0.99": {"kept": True, "surely": True},
        "0.999": {"kept": False, "surely": False},
    }


def test_each_class_is_reported_for_the_cases_that_hold_it() -> None:
    reference = scores(0.9, 0.9)
    candidate = with_cube(scores(0.9, 0.7), dice=0.0, hd95=30.0)
    classes = compared(evaluate_gate(candidate, reference, GateRecipe())).classes
    ball, cube = classes["ball"], classes["cube"]
    assert isinstance(ball, ClassComparison)
    assert isinstance(cube, ClassComparison)
    assert ball.difference == pytest.approx(-0.1)
    assert cube.cases == 1
    # It saw a cube where there is none, and where the reference rightly saw none.
    assert (cube.dice, cube.reference_dice) == (0.0, 1.0)
    assert (cube.hd95_mm, cube.reference_hd95_mm) == (30.0, 0.0)


def with_cube(accuracy: FormAccuracy, *, dice: float, hd95: float) -> FormAccuracy:
    """The accuracy with scores of the second class in the second case."""
    assert accuracy.hd95_cases is not None
    return accuracy.model_copy(
        update={"cases": _scored(accuracy.cases, dice), "hd95_cases": _scored(accuracy.hd95_cases, hd95)}
    )


def _scored(cases: dict[str, ClassScores], value: float) -> dict[str, ClassScores]:
    return {**cases, "case_1": {**cases["case_1"], 2: value}}


def test_what_an_earlier_version_evaluated_is_not_compared() -> None:
    earlier = scores(0.9).model_copy(update={"hd95_cases": None})
    assert evaluate_gate(earlier, scores(0.9), GateRecipe()).gate.verdict == "not run"


def test_without_cases_the_gate_did_not_run() -> None:
    nothing = FormAccuracy(dice={}, mean=None, cases={}, hd95_cases={})
    assert evaluate_gate(nothing, nothing, GateRecipe()).gate.verdict == "not run"
    assert evaluate_gate(scores(0.0), scores(0.0), GateRecipe()).gate.verdict == "not run"
