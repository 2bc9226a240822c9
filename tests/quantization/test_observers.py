from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_sdk.errors import TrainingError
from edge_sdk.graph import Graph, Quantize
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.graph_module import GraphModule
from edge_sdk.packages.manifest import Normalization
from quantization.deploy_form import deploy_graph
from quantization.observers import calibrated_graph, calibrated_ranges, check_calibration
from quantization.recipe import QuantizeRecipe

NORMALIZATION = Normalization(shift=96.0, scale=64.0)


@pytest.fixture
def float_graph(student: EfficientMedNeXt) -> Graph:
    return deploy_graph(student)


def values_of(graph: Graph, patches: np.ndarray, name: str) -> np.ndarray:
    kept = []
    with torch.no_grad():
        GraphModule(graph).eval().watched(
            torch.from_numpy(patches), lambda node, value: kept.append(value.numpy()) if node.name == name else None
        )
    return kept[0]


def test_every_eight_bit_voxel_value_is_exact(float_graph: Graph, eight_bit_patches: np.ndarray) -> None:
    quantized = calibrated_graph(float_graph, eight_bit_patches, NORMALIZATION, QuantizeRecipe())
    node = quantized.nodes[1]
    assert isinstance(node, Quantize)
    values = ((torch.arange(256.0) - 96) / 64).reshape(1, 1, 4, 8, 8)
    assert torch.equal(GraphModule(quantized).quantize(node, values), values)


@pytest.mark.parametrize(("shift", "largest"), [(96.0, 1000.0), (96.5, 200.0), (-40.0, 200.0)])
def test_other_voxels_get_a_calibrated_input_grid(float_graph: Graph, shift: float, largest: float) -> None:
    voxels = np.random.default_rng(0).uniform(0, largest, (2, 1, 32, 32, 32))
    normalization = Normalization(shift=shift, scale=largest / 4)
    normalized = ((voxels - shift) / normalization.scale).astype(np.float32)
    node = calibrated_graph(float_graph, normalized, normalization, QuantizeRecipe()).nodes[1]
    assert isinstance(node, Quantize)
    lowest, highest = ((bound - node.zero_point) * node.scale for bound in (node.low, node.high))
    assert lowest <= normalized.min() + 2 * node.scale
    assert highest >= normalized.max() - 2 * node.scale
    assert highest - lowest < 1.1 * (max(normalized.max(), 0) - min(normalized.min(), 0))


def test_minmax_holds_everything_seen(float_graph: Graph, eight_bit_patches: np.ndarray) -> None:
    ranges = calibrated_ranges(float_graph, eight_bit_patches, NORMALIZATION, QuantizeRecipe(observer="minmax"))
    values, grid = values_of(float_graph, eight_bit_patches, "enc_block_1.0.sum"), ranges["enc_block_1.0.sum"]
    assert (grid.low, grid.zero_point) == (-128, 0)
    assert grid.scale == pytest.approx(np.abs(values).max() / 127.5, rel=1e-5)


@pytest.mark.parametrize("percentile", [99.0, 99.9])
def test_percentile_leaves_out_the_outermost_values(
    float_graph: Graph, eight_bit_patches: np.ndarray, percentile: float
) -> None:
    plan = QuantizeRecipe(observer="percentile", percentile=percentile)
    ranges = calibrated_ranges(float_graph, eight_bit_patches[:1], NORMALIZATION, plan)
    names = [f"enc_block_1.0.act{i}" for i in range(3)]
    values = np.concatenate([values_of(float_graph, eight_bit_patches[:1], name).ravel() for name in names])
    # The three branches are concatenated and share a range.
    assert ranges[names[0]].scale * 255 == pytest.approx(np.percentile(values, percentile), rel=0.02)
    signed = values_of(float_graph, eight_bit_patches[:1], "enc_block_1.0.sum")
    outer = max(-np.percentile(signed, 100 - percentile), np.percentile(signed, percentile))
    assert ranges["enc_block_1.0.sum"].scale * 127.5 == pytest.approx(outer, rel=0.02)


def test_least_squares_rounds_a_long_tail_better_than_minmax(float_graph: Graph, eight_bit_patches: np.ndarray) -> None:
    name = "enc_block_1.0.act1"
    values = values_of(float_graph, eight_bit_patches, name)

    def squared_error(observer: str) -> float:
        plan = QuantizeRecipe(observer=observer)  # type: ignore[arg-type]
        grid = calibrated_ranges(float_graph, eight_bit_patches, NORMALIZATION, plan)[name]
        rounded = np.clip(np.rint(values / grid.scale) + grid.zero_point, grid.low, grid.high) - grid.zero_point
        return float(((rounded * grid.scale - values) ** 2).mean())

    assert squared_error("mse") <= 1.01 * squared_error("minmax")


@pytest.mark.parametrize(
    ("patches", "message"),
    [
        (np.full((2, 1, 32, 32, 32), 3, np.float32), "zero variance: .*3 everywhere"),
        (np.stack([np.full((1, 32, 32, 32), i, np.float32) for i in range(2)]), "zero variance"),
        (np.full((2, 1, 32, 32, 32), np.nan, np.float32), "65536 of 65536 calibration values are NaN"),
        (np.zeros((2, 2, 32, 32, 32), np.float32), r"shape \(2, 2, 32, 32, 32\) given, \(M, 1, D, H, W\) expected"),
        (np.zeros((0, 1, 32, 32, 32), np.float32), r"shape \(0, 1"),
    ],
)
def test_patches_that_teach_no_range_are_refused(float_graph: Graph, patches: np.ndarray, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        check_calibration(patches, float_graph)
