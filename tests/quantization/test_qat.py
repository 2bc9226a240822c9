from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edge_sdk.errors import RecipeError
from edge_sdk.graph import Conv, Graph, Input, Quantize
from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Normalization
from quantization.calibration import Score
from quantization.compressor import run_compressor
from quantization.deploy_form import deploy_graph
from quantization.fitting import Batch
from quantization.observers import calibrated_graph
from quantization.qat import QatModule, QuantizationAwareTraining, stage_outputs
from quantization.quantizers import with_quantizers
from quantization.recipe import Quantize as Plan

NORMALIZATION = Normalization(shift=96.0, scale=64.0)


@pytest.fixture
def float_graph(student: EfficientMedNeXt) -> Graph:
    return deploy_graph(student)


def labeled(patches: np.ndarray) -> Callable[[int], Batch]:
    """The same patch at every step, labelled by its smoothed sign."""
    image = torch.from_numpy(patches[:1])
    smooth = torch.nn.functional.avg_pool3d(image, 5, stride=1, padding=2)
    return lambda _step: (image, (smooth > smooth.mean()).long())


@pytest.fixture
def made(tmp_path: Path, eight_bit_patches: np.ndarray) -> Any:
    def make(graph: Graph, plan: Plan, name: str = "qat.pt", score: Score | None = None) -> QuantizationAwareTraining:
        batches = labeled(eight_bit_patches)
        return QuantizationAwareTraining(
            graph, batches, eight_bit_patches, plan, NORMALIZATION, checkpoint=tmp_path / name, score=score
        )

    return make


def grids(graph: Graph) -> dict[str, Quantize]:
    return {node.name: node for node in graph if isinstance(node, Quantize)}


@pytest.mark.parametrize("ranges", ["frozen", "learned"])
def test_before_training_the_module_is_the_calibrated_graph(
    float_graph: Graph, eight_bit_patches: np.ndarray, ranges: str
) -> None:
    calibrated = calibrated_graph(float_graph, eight_bit_patches, NORMALIZATION, Plan())
    module = QatModule(calibrated, float_graph, learn_ranges=ranges == "learned").eval()
    with torch.no_grad():
        found = module(torch.from_numpy(eight_bit_patches)).numpy()
    expected = run_graph(calibrated, eight_bit_patches)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    finished = module.finished_graph()
    np.testing.assert_array_equal(run_graph(finished, eight_bit_patches), expected)
    assert grids(finished) == grids(calibrated)


def test_the_gradient_of_a_learned_range_is_that_of_the_published_rule() -> None:
    """LSQ, eq. 3: round(v) - v within the range, and its bound outside; times the scale for its logarithm."""
    grid = Quantize(name="x.q", inputs=("x",), scale=0.1, zero_point=0, low=-128, high=127)
    head = Conv(name="y", inputs=("x",), weight=np.ones((1, 1, 1, 1, 1), np.float32), bias=np.zeros(1, np.float32))
    nodes = (Input(name="input", channels=1), replace(head, name="x", inputs=("input",)))
    plain = Graph((*nodes, head))
    quantized = Graph((*nodes, grid, replace(head, inputs=("x.q",))), meta={"weight_limit": 63})
    module = QatModule(quantized, plain, learn_ranges=True)
    values = torch.tensor([0.234, -3.07, 20.0, -20.0]).reshape(1, 1, 1, 1, 4)
    module.quantize(grid, values).sum().backward()
    v = values.double().numpy().ravel() / 0.1
    per_value = np.where(v < -128, -128, np.where(v > 127, 127, np.rint(v) - v))
    share = 1 / np.sqrt(4 * 127.5)
    (parameter,) = module.ranges.values()
    assert parameter.grad is not None
    assert parameter.grad.item() == pytest.approx(per_value.sum() * share * 0.1 * 10, rel=1e-4)


@pytest.mark.parametrize("ranges", ["frozen", "learned"])
def test_training_moves_what_it_should(float_graph: Graph, made: Any, ranges: str) -> None:
    plan = Plan(steps=3, batch=1, ranges=ranges, learning_rate=3e-3, feature_distillation=0.5)  # type: ignore[arg-type]
    compressor = made(float_graph, plan)
    form, report = run_compressor(compressor)
    before, after = grids(compressor.calibration.graph), grids(form.graph)
    moved = {name for name in before if before[name] != after[name]}
    assert before["input.q"] == after["input.q"], "8-bit voxels stay exact"
    assert bool(moved) == (ranges == "learned")
    assert len({after[f"enc_block_0.0.act{i}.q"].scale for i in range(3)}) == 1
    for node in form.graph:
        if isinstance(node, Conv) and node.weight_scale is not None:
            assert np.abs(node.integer_weight).max() <= 63
    assert report.summary["steps"] == 3
    assert [row["form"] for row in report.tables["Forms"]] == ["float", "INT8", "INT8, fine-tuned"]
    assert len(compressor.history.losses) == 3


def test_float_layers_are_trained_and_stay_float(float_graph: Graph, made: Any) -> None:
    told = iter([0.9, 0.8, 0.85, 0.895, 0.9])
    plan = Plan(steps=2, batch=1, float_layers=5, maximum_error=0.9, maximum_dice_drop=0.01, learning_rate=1e-3)
    form, report = run_compressor(made(float_graph, plan, score=lambda _: next(told)))
    chosen = form.graph.meta["float_layers"]
    assert len(chosen) == 2
    for name in chosen:
        assert form.graph[name].weight_scale is None
        assert np.abs(form.graph[name].weight - float_graph[name].weight).max() > 0
    assert sum(row["float"] == "yes" for row in report.tables["Sensitivity of the layers"]) == 2


def test_an_interrupted_training_ends_like_an_unbroken_one(
    float_graph: Graph, eight_bit_patches: np.ndarray, made: Any
) -> None:
    plan = Plan(steps=3, batch=1, ranges="learned", learning_rate=1e-3)
    whole, _ = run_compressor(made(float_graph, plan, "whole.pt"))
    cut = made(float_graph, plan, "cut.pt")
    cut._batches = lambda step: labeled(eight_bit_patches)(step) if step < 2 else pytest.fail("killed")
    with pytest.raises(pytest.fail.Exception):
        run_compressor(cut)
    resumed, _ = run_compressor(made(float_graph, plan, "cut.pt"))
    np.testing.assert_array_equal(
        run_graph(resumed.graph, eight_bit_patches), run_graph(whole.graph, eight_bit_patches)
    )


def test_features_are_what_the_decoder_stages_give(float_graph: Graph) -> None:
    assert stage_outputs(float_graph) == {"bottleneck.1.sum", *(f"dec_block_{i}.1.sum" for i in (3, 2, 1))}


def test_no_steps_are_refused(float_graph: Graph, made: Any) -> None:
    with pytest.raises(RecipeError, match="steps is 0"):
        made(float_graph, Plan(steps=0))


def test_a_finished_graph_keeps_its_float_layers(float_graph: Graph, eight_bit_patches: np.ndarray) -> None:
    calibrated = calibrated_graph(float_graph, eight_bit_patches, NORMALIZATION, Plan())
    ranges = {name.removesuffix(".q"): grid for name, grid in grids(calibrated).items()}
    mixed = with_quantizers(float_graph, ranges, 63, ["down_2.pw"])
    np.testing.assert_array_equal(
        run_graph(QatModule(mixed, float_graph).finished_graph(), eight_bit_patches),
        run_graph(mixed, eight_bit_patches),
    )


@pytest.mark.slow
def test_a_narrow_t_learns_a_patch_within_a_minute(tmp_path: Path, eight_bit_patches: np.ndarray) -> None:
    torch.manual_seed(0)
    graph = deploy_graph(efficient_mednext("T", 1, 2, 8, 8, norm="batch", activation="relu").eval())
    plan = Plan(steps=30, batch=1, learning_rate=1e-3, ranges="learned")
    batches = labeled(eight_bit_patches)
    start = time.process_time()
    compressor = QuantizationAwareTraining(
        graph, batches, eight_bit_patches, plan, NORMALIZATION, checkpoint=tmp_path / "qat.pt"
    )
    form, _ = run_compressor(compressor)
    assert time.process_time() - start < 60
    assert form.graph is not None
    assert form.graph.quantized
    assert compressor.history.losses[-1] < 0.9 * compressor.history.losses[0]
