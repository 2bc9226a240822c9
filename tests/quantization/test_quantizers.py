from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.graph import Add, Concat, Conv, Graph, Quantize
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Normalization
from quantization.deploy_form import deploy_graph
from quantization.observers import calibrated_graph, calibrated_ranges
from quantization.quantizers import quantizable_layers, quantization_points, shared_ranges, with_quantizers
from quantization.recipe import Quantize as Plan

NORMALIZATION = Normalization(shift=96.0, scale=64.0)


@pytest.fixture
def float_graph(student: EfficientMedNeXt) -> Graph:
    return deploy_graph(student)


@pytest.fixture
def quantized(float_graph: Graph, eight_bit_patches: np.ndarray) -> Graph:
    return calibrated_graph(float_graph, eight_bit_patches, NORMALIZATION, Plan())


def with_float(graph: Graph, patches: np.ndarray, *layers: str) -> Graph:
    return with_quantizers(graph, calibrated_ranges(graph, patches, NORMALIZATION, Plan()), 63, layers)


def test_weights_lie_on_a_grid_that_cannot_saturate(quantized: Graph) -> None:
    convs = [node for node in quantized if isinstance(node, Conv)]
    assert convs[-1].weight_scale is None, "the head stays float"
    for conv in convs[:-1]:
        assert conv.weight_scale is not None
        assert np.abs(conv.integer_weight).max() == 63
        grid = conv.integer_weight * conv.weight_scale.reshape(-1, 1, 1, 1, 1)
        np.testing.assert_allclose(conv.weight, grid, rtol=1e-6, atol=0)


def test_concatenated_and_interleaved_tensors_share_a_scale(float_graph: Graph) -> None:
    groups = shared_ranges(float_graph, quantization_points(float_graph))
    block = {groups[f"enc_block_0.0.act{i}"] for i in range(3)}
    phases = {groups[f"up_3.phase{d}{h}{w}.pw"] for d in "01" for h in "01" for w in "01" if (d, h, w) != tuple("111")}
    assert len(block) == 1
    assert phases == {groups["up_3.phase111"]}
    assert groups["enc_block_0.0.sum"] == "enc_block_0.0.sum"


def test_quantized_reference_stays_near_the_float_network(
    float_graph: Graph, quantized: Graph, eight_bit_patches: np.ndarray
) -> None:
    expected = run_graph(float_graph, eight_bit_patches)
    error = np.abs(run_graph(quantized, eight_bit_patches) - expected)
    assert 0 < error.mean() < 0.05 * expected.std()


def test_without_quantization_nothing_is_quantized(quantized: Graph) -> None:
    plain = quantized.without_quantization()
    assert not plain.quantized
    assert all(node.weight_scale is None for node in plain if isinstance(node, Conv))


@pytest.mark.parametrize("layer", ["stem", "enc_block_0.0.dw2", "down_1.pw", "up_3.phase000.dw", "up_3.phase111.res"])
def test_a_float_layer_reads_the_tensors_before_their_grids(
    float_graph: Graph, eight_bit_patches: np.ndarray, layer: str
) -> None:
    graph = with_float(float_graph, eight_bit_patches, layer)
    conv, original = graph[layer], float_graph[layer]
    assert isinstance(conv, Conv)
    assert isinstance(original, Conv)
    assert conv.weight_scale is None
    np.testing.assert_array_equal(conv.weight, original.weight)
    waiting = list(conv.inputs)
    while waiting:
        source = graph[waiting.pop()]
        assert not isinstance(source, Quantize)
        if isinstance(source, Concat):
            waiting += source.inputs
    for node in graph:
        if isinstance(node, Conv) and node.name not in (layer, graph.nodes[-1].name):
            assert node.weight_scale is not None
    error, usual = (
        np.abs(run_graph(each, eight_bit_patches) - run_graph(float_graph, eight_bit_patches)).mean()
        for each in (graph, with_float(float_graph, eight_bit_patches))
    )
    assert 0 < error < 1.2 * usual


def test_with_every_layer_float_only_sums_and_the_head_read_grids(
    float_graph: Graph, eight_bit_patches: np.ndarray
) -> None:
    graph = with_float(float_graph, eight_bit_patches, *quantizable_layers(float_graph))
    readers = [node for node in graph if any(isinstance(graph[name], Quantize) for name in node.inputs)]
    convs = [node for node in readers if isinstance(node, Conv)]
    assert [node.name for node in convs] == [graph.nodes[-1].name]
    assert any(isinstance(node, Add) for node in readers)


def test_every_grid_has_a_reader_and_every_tensor_a_maker(float_graph: Graph, eight_bit_patches: np.ndarray) -> None:
    layers = quantizable_layers(float_graph)
    for chosen in (layers[:1], layers[::3], layers[5::7]):
        graph = with_float(float_graph, eight_bit_patches, *chosen)
        made: set[str] = set()
        for node in graph:
            assert made.issuperset(node.inputs)
            assert node.name not in made
            made.add(node.name)
        assert made - {name for node in graph for name in node.inputs} == {graph.nodes[-1].name}
