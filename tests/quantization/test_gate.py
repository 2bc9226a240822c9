from __future__ import annotations

from quantization.gate import judge


def scores(*values: float) -> dict[str, object]:
    return {
        "mean": sum(values) / len(values),
        "cases": {f"case_{i}": {"1": value, "2": None} for i, value in enumerate(values)},
    }


def test_the_gate_passes_at_its_ratio_and_fails_below() -> None:
    gate = judge(scores(0.89, 0.91), scores(0.9, 0.9), 0.99)
    assert (gate.verdict, gate.numbers["ratio"], gate.numbers["cases"]) == ("passed", 1.0, 2)
    assert judge(scores(0.8, 0.8), scores(0.9, 0.9), 0.99).verdict == "failed"


def test_without_cases_the_gate_did_not_run() -> None:
    assert judge({"mean": None, "cases": {}}, {"mean": None, "cases": {}}, 0.99).verdict == "not run"
