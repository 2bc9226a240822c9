from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sdk.graph import Conv, Graph, Node
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Normalization
from quantization.deploy_form import deploy_graph
from quantization.observers import calibrated_ranges
from quantization.quantizers import quantizable_layers, with_weight_scale
from quantization.recipe import Quantize as Plan
from quantization.sensitivity import LayerDamage, Sensitivity, fallback

NORMALIZATION = Normalization(shift=96.0, scale=64.0)
LAYERS = [LayerDamage(0.01, 0.0, "a", 10), LayerDamage(0.3, 0.0, "b", 60), LayerDamage(0.2, 0.0, "c", 5)]


@pytest.fixture
def float_graph(student: EfficientMedNeXt) -> Graph:
    return deploy_graph(student)


@pytest.fixture
def sensitivity(float_graph: Graph, eight_bit_patches: np.ndarray) -> Sensitivity:
    ranges = calibrated_ranges(float_graph, eight_bit_patches, NORMALIZATION, Plan(observer="minmax"))
    return Sensitivity(float_graph, ranges, 63, eight_bit_patches)


def by_hand(graph: Graph, patches: np.ndarray, sensitivity: Sensitivity, layer: str, grid_of: str) -> float:
    """The layer's rounded weights in the float graph, its input rounded by an extra node before it."""
    grid = sensitivity._ranges[grid_of]
    nodes: list[Node] = []
    for node in graph:
        if node.name == layer:
            assert isinstance(node, Conv)
            nodes.append(replace(grid, name="extra", inputs=node.inputs))
            nodes.append(replace(with_weight_scale(node, 63), inputs=("extra",)))
        else:
            nodes.append(node)
    exact = run_graph(graph, patches).astype(np.float64)
    return float(np.linalg.norm(run_graph(graph.with_nodes(nodes), patches) - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize(
    ("layer", "grid_of"),
    [
        ("stem", "input"),
        ("enc_block_1.0.dw2", "down_0.sum"),
        ("dec_block_3.0.pw", "dec_block_3.0.act0"),
        ("up_2.phase000.pw", "up_2.phase000.act"),
    ],
)
def test_a_layer_alone_moves_the_logits_as_a_graph_that_rounds_only_it(
    float_graph: Graph, eight_bit_patches: np.ndarray, sensitivity: Sensitivity, layer: str, grid_of: str
) -> None:
    found = sensitivity.measure(layer)
    assert found.error == pytest.approx(by_hand(float_graph, eight_bit_patches, sensitivity, layer, grid_of), rel=1e-4)
    # One weight in each channel, on 8-bit voxels: nothing is rounded in the stem.
    assert (found.error > 0) == (layer != "stem")


def test_the_order_of_measuring_does_not_matter(sensitivity: Sensitivity) -> None:
    some = [sensitivity.layers[i] for i in (0, 40, 80, len(sensitivity.layers) - 1)]
    forwards = [sensitivity.measure(layer) for layer in some]
    assert [sensitivity.measure(layer) for layer in reversed(some)] == forwards[::-1]


def test_multiplications_are_those_of_the_layers(float_graph: Graph, sensitivity: Sensitivity) -> None:
    assert sensitivity.layers == quantizable_layers(float_graph)
    # 8 channels: 1·8 in the stem, 3³·8 in a depthwise 3×3×3, 24·8 in a pointwise one.
    assert sensitivity.macs["stem"] == 32**3 * 8
    assert sensitivity.macs["enc_block_0.0.dw1"] == 32**3 * 27 * 8
    assert sensitivity.macs["enc_block_0.0.pw"] == 32**3 * 24 * 8
    assert sensitivity.macs["down_0.dw2"] == 16**3 * 27 * 8
    assert sensitivity.total_macs == sum(sensitivity.measure(layer).macs for layer in sensitivity.layers[:3]) + sum(
        macs for layer, macs in sensitivity.macs.items() if layer not in sensitivity.layers[:3]
    )


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (Plan(), ()),
        (Plan(float_layers=1), ("b",)),
        (Plan(float_layers=2), ("b", "c")),
        (Plan(float_layers=9), ("b", "c", "a")),
        (Plan(float_macs=0.15), ("c", "a")),
        (Plan(float_macs=0.1), ("c",)),
        (Plan(float_layers=1, float_macs=0.5), ("c",)),
    ],
)
def test_the_worst_layers_within_the_budget_stay_float(plan: Plan, expected: tuple[str, ...]) -> None:
    assert fallback(LAYERS, 100, plan, lambda _: False) == expected


def test_no_more_layers_stay_float_than_the_target_needs() -> None:
    asked: list[tuple[str, ...]] = []

    def enough(layers: tuple[str, ...]) -> bool:
        asked.append(layers)
        return len(layers) == 1

    assert fallback(LAYERS, 100, Plan(float_layers=3), enough) == ("b",)
    assert asked == [(), ("b",)]
    assert fallback(LAYERS, 100, Plan(float_layers=3), lambda _: True) == ()
