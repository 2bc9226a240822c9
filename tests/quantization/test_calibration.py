from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from edge_sdk.errors import TrainingError
from edge_sdk.graph import Conv, Graph, Node
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Normalization
from quantization.calibration import Calibration, Score
from quantization.compressor import run_compressor
from quantization.deploy_form import deploy_graph
from quantization.observers import calibrated_graph
from quantization.quantizers import quantizable_layers
from quantization.recipe import Quantize as Plan

NORMALIZATION = Normalization(shift=96.0, scale=64.0)


@pytest.fixture
def float_graph(student: EfficientMedNeXt) -> Graph:
    return deploy_graph(student)


@pytest.fixture
def sharp_graph(float_graph: Graph) -> Graph:
    """One layer with an outlier in its weights: rounding to 63 levels loses all the others of that channel."""
    nodes: list[Node] = []
    for node in float_graph:
        if isinstance(node, Conv) and node.name == "dec_block_1.1.pw":
            weight = node.weight.copy()
            weight[:, 0] = 300 * np.abs(weight).max()
            nodes.append(replace(node, weight=weight))
        else:
            nodes.append(node)
    return float_graph.with_nodes(nodes)


@pytest.fixture
def made(tmp_path: Path, eight_bit_patches: np.ndarray) -> Any:
    def make(graph: Graph, plan: Plan, score: Score | None = None) -> Calibration:
        checkpoint = tmp_path / "quantize.pt"
        return Calibration(graph, eight_bit_patches, plan, NORMALIZATION, checkpoint=checkpoint, score=score)

    return make


def test_without_a_budget_everything_is_quantized(float_graph: Graph, eight_bit_patches: np.ndarray, made: Any) -> None:
    form, report = run_compressor(made(float_graph, Plan()))
    expected = calibrated_graph(float_graph, eight_bit_patches, NORMALIZATION, Plan())
    np.testing.assert_array_equal(run_graph(form.graph, eight_bit_patches), run_graph(expected, eight_bit_patches))
    exact = run_graph(float_graph, eight_bit_patches[:1])
    error = np.linalg.norm(run_graph(expected, eight_bit_patches[:1]) - exact) / np.linalg.norm(exact)
    assert report.summary["error"] == pytest.approx(error, rel=1e-4)
    assert report.summary["float_layers"] == 0
    assert [row["form"] for row in report.tables["Forms"]] == ["float", "INT8"]


def test_the_layer_that_suffers_stays_float_and_helps(sharp_graph: Graph, made: Any) -> None:
    plan = Plan(float_layers=1, maximum_error=1e-6)
    form, report = run_compressor(made(sharp_graph, plan))
    worst = report.tables["Sensitivity of the layers"][0]
    assert len(report.tables["Sensitivity of the layers"]) == len(quantizable_layers(sharp_graph))
    assert worst["layer"] == "dec_block_1.1.pw"
    assert worst["float"] == "yes"
    conv = form.graph["dec_block_1.1.pw"]
    assert conv.weight_scale is None
    before, after = (row["error"] for row in report.tables["Forms"][1:])
    assert after < 0.7 * before
    assert report.summary["float_macs"] == pytest.approx(worst["macs"] / 24_000_000, rel=1)
    assert any("not met" in note for note in report.notes)


def test_a_target_that_is_met_leaves_nothing_float(float_graph: Graph, made: Any) -> None:
    form, report = run_compressor(made(float_graph, Plan(float_layers=5, maximum_error=0.9)))
    assert report.summary["float_layers"] == 0
    assert form.graph.meta["float_layers"] == []


def test_the_dice_target_is_the_scores(float_graph: Graph, made: Any) -> None:
    told = iter([0.9, 0.8, 0.85, 0.895])
    plan = Plan(float_layers=5, maximum_error=0.9, maximum_dice_drop=0.01)
    _, report = run_compressor(made(float_graph, plan, lambda _: next(told)))
    assert [row["dice"] for row in report.tables["Forms"]] == [0.9, 0.8, 0.85, 0.895]
    assert report.summary["float_layers"] == 2
    with pytest.raises(TrainingError, match="no validation cases"):
        made(float_graph, plan).prepare()


def test_an_interrupted_calibration_goes_on(float_graph: Graph, made: Any) -> None:
    plan = Plan(sensitivity_patches=1, float_layers=2, maximum_error=1e-6)
    whole, report = run_compressor(made(float_graph, plan))
    state = made(float_graph, plan)._state
    kept = json.loads(state.read_text())
    state.write_text(json.dumps({**kept, "layers": kept["layers"][:30], "float_layers": None, "forms": []}))
    resumed = made(float_graph, plan)
    resumed.prepare()
    assert resumed.done == 30
    assert resumed.steps == len(quantizable_layers(float_graph)) + 1
    again, report_again = run_compressor(resumed)
    assert report_again == report
    assert again.graph.meta == whole.graph.meta


def test_what_an_interruption_left_must_fit(float_graph: Graph, sharp_graph: Graph, made: Any) -> None:
    run_compressor(made(float_graph, Plan()))
    for graph, plan in ((sharp_graph, Plan()), (float_graph, Plan(observer="minmax"))):
        with pytest.raises(TrainingError, match=r"quantize-calibration\.json: .*another network.*delete this file"):
            made(graph, plan).prepare()
    state = made(float_graph, Plan())._state
    for content in ("", "{}", "[1]", state.read_text()[:-50]):
        state.write_text(content)
        with pytest.raises(TrainingError, match=r"calibration\.json: .*cannot be read.*delete this file"):
            made(float_graph, Plan()).prepare()


def test_bad_patches_are_refused_before_anything_is_written(float_graph: Graph, tmp_path: Path) -> None:
    flat = np.ones((1, 1, 32, 32, 32), np.float32)
    calibration = Calibration(float_graph, flat, Plan(), NORMALIZATION, checkpoint=tmp_path / "q.pt")
    with pytest.raises(TrainingError, match="zero variance"):
        calibration.prepare()
    assert not list(tmp_path.iterdir())


def test_the_score_sees_a_module_in_evaluation_mode(float_graph: Graph, made: Any) -> None:
    def score(module: nn.Module) -> float:
        assert not module.training
        return 0.5

    _, report = run_compressor(made(float_graph, Plan(), score))
    assert {row["dice"] for row in report.tables["Forms"]} == {0.5}
