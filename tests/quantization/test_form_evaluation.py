from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from quantization import form_evaluation
from quantization.deploy_form import deploy_graph
from quantization.form_evaluation import evaluate_forms
from quantization.recipe import Recipe
from quantization.records.forms import ClassScores, FormAccuracy
from quantization.run_folder import RunFolder
from quantization.split import DatasetSplit

DICE = {"published_fp32": (0.9, 0.8), "deploy_fp32": (0.88, 0.8), "int8": (0.9, 0.7)}


def test_every_form_is_counted_and_compared_with_the_published_one(
    recipe: Recipe, student: EfficientMedNeXt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = deploy_graph(student)
    forms = {"published_fp32": efficient_mednext("T", 1, 3, 8, 8), "deploy_fp32": graph, "int8": graph}
    scores = iter(DICE.values())

    def evaluate(*_: Any, **__: Any) -> FormAccuracy:
        cases: dict[str, ClassScores] = {name: {1: dice} for name, dice in zip("ab", next(scores), strict=True)}
        return FormAccuracy(dice={"ball": 0.85}, mean=0.85, cases=cases, hd95_cases={name: {1: 1.0} for name in "ab"})

    monkeypatch.setattr(form_evaluation, "forms_of", lambda _: forms)
    monkeypatch.setattr(form_evaluation, "evaluate", evaluate)
    run = RunFolder.create(tmp_path, recipe)
    evaluate_forms(run, DatasetSplit([], [], []))
    record = run.record
    assert record.sizes["int8"] == record.sizes["deploy_fp32"]
    assert record.sizes["published_fp32"].macs > record.sizes["deploy_fp32"].macs
    deploy, int8 = record.comparison["deploy_fp32"], record.comparison["int8"]
    assert deploy is not None
    assert int8 is not None
    assert deploy.difference == pytest.approx(-0.01)
    assert int8.ratio == pytest.approx(0.8 / 0.85)
    assert record.gate is not None
    assert record.gate.verdict == "failed"
    assert "latency" not in record.to_json()
