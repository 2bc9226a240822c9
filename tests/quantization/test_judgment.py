from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from quantization import judgment
from quantization.deploy_form import deploy_graph
from quantization.judgment import judge_forms
from quantization.recipe import Recipe
from quantization.run_folder import RunFolder
from quantization.split import Split

DICE = {"published_fp32": (0.9, 0.8), "deploy_fp32": (0.88, 0.8), "int8": (0.9, 0.7)}


def test_every_form_is_counted_and_compared_with_the_published_one(
    recipe: Recipe, student: EfficientMedNeXt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = deploy_graph(student)
    forms = {"published_fp32": efficient_mednext("T", 1, 3, 8, 8), "deploy_fp32": graph, "int8": graph}
    scores = iter(DICE.values())

    def evaluate(*_: Any, **__: Any) -> dict[str, Any]:
        cases = {name: {"1": dice} for name, dice in zip("ab", next(scores), strict=True)}
        return {"dice": {"ball": 0.85}, "mean": 0.85, "cases": cases, "hd95_cases": {n: {"1": 1.0} for n in "ab"}}

    monkeypatch.setattr(judgment, "forms_of", lambda _: forms)
    monkeypatch.setattr(judgment, "evaluate", evaluate)
    run = RunFolder.create(tmp_path, recipe)
    judge_forms(run, Split([], [], []))
    said = run.description
    assert said["sizes"]["int8"] == said["sizes"]["deploy_fp32"]
    assert said["sizes"]["published_fp32"]["macs"] > said["sizes"]["deploy_fp32"]["macs"]
    assert said["comparison"]["deploy_fp32"]["difference"] == pytest.approx(-0.01)
    assert said["comparison"]["int8"]["ratio"] == pytest.approx(0.8 / 0.85)
    assert said["gate"]["verdict"] == "failed"
    assert "latency" not in said
