from __future__ import annotations

from typing import Any

import pytest

from quantization.gate import judge
from quantization.recipe import Gate


def scores(*values: float, hd95: float | None = 1.0) -> dict[str, Any]:
    return {
        "dice": {"ball": sum(values) / len(values), "cube": None},
        "mean": sum(values) / len(values),
        "cases": {f"case_{i}": {"1": value, "2": None} for i, value in enumerate(values)},
        "hd95_cases": {f"case_{i}": {"1": hd95, "2": None} for i, _ in enumerate(values)},
    }


def test_the_gate_passes_at_its_ratio_and_fails_below() -> None:
    gate = judge(scores(0.89, 0.91), scores(0.9, 0.9), Gate())
    assert (gate.verdict, gate.numbers["ratio"], gate.numbers["cases"]) == ("passed", 1.0, 2)
    failed = judge(scores(0.8, 0.8), scores(0.9, 0.9), Gate())
    assert failed.verdict == "failed"
    assert "keeps 88.89 % of the FP32 Dice (95 % interval 88.89 to 88.89), at least 99 % asked" in failed.reason
    assert judge(scores(0.895, 0.895), scores(0.9, 0.9), Gate(minimum_ratio=0.999)).verdict == "failed"


def test_surfaces_that_drift_apart_fail_though_the_dice_is_kept() -> None:
    gate = judge(scores(0.9, hd95=2.5), scores(0.9, hd95=1.0), Gate())
    assert gate.verdict == "failed"
    assert "HD95 +1.50 mm, at most +1 mm asked" in gate.reason
    assert gate.numbers["hd95_increase_mm"] == pytest.approx(1.5)
    assert judge(scores(0.9, hd95=2.5), scores(0.9), Gate(maximum_hd95_increase_mm=1.5)).verdict == "passed"


def test_both_levels_and_the_paired_difference_are_told() -> None:
    numbers = judge(scores(0.896, 0.896, 0.896), scores(0.9, 0.9, 0.9), Gate()).numbers
    assert numbers["levels"] == {"0.99": {"kept": True, "surely": True}, "0.999": {"kept": False, "surely": False}}
    assert numbers["difference"] == pytest.approx(-0.004)
    assert numbers["difference_ci95"] == pytest.approx([-0.004, -0.004])


def test_each_class_is_told_of_the_cases_that_hold_it() -> None:
    candidate, reference = scores(0.9, 0.7), scores(0.9, 0.9)
    for evaluation, dice, distance in ((candidate, 0.0, 30.0), (reference, None, None)):
        evaluation["cases"]["case_1"]["2"] = dice
        evaluation["hd95_cases"]["case_1"]["2"] = distance
    classes: Any = judge(candidate, reference, Gate()).numbers["classes"]
    assert classes["ball"]["difference"] == pytest.approx(-0.1)
    assert classes["cube"]["cases"] == 1
    # It saw a cube where there is none, and where the reference rightly saw none.
    assert (classes["cube"]["dice"], classes["cube"]["reference_dice"]) == (0.0, 1.0)
    assert (classes["cube"]["hd95_mm"], classes["cube"]["reference_hd95_mm"]) == (30.0, 0.0)


def test_what_an_earlier_version_evaluated_is_not_judged() -> None:
    earlier = {key: value for key, value in scores(0.9).items() if key != "hd95_cases"}
    assert judge(earlier, scores(0.9), Gate()).verdict == "not run"


def test_without_cases_the_gate_did_not_run() -> None:
    nothing: dict[str, Any] = {"dice": {}, "mean": None, "cases": {}, "hd95_cases": {}}
    assert judge(nothing, nothing, Gate()).verdict == "not run"
    assert judge(scores(0.0), scores(0.0), Gate()).verdict == "not run"
