from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_sdk.graph import Conv, Graph, Quantize
from edge_sdk.manifest import Normalisation
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.graph_module import GraphModule, run_graph
from quantization.deploy_form import deploy_graph
from quantization.quantizers import quantization_points, quantized_graph, shared_ranges

NORMALISATION = Normalisation(shift=96.0, scale=64.0)


@pytest.fixture
def patches() -> np.ndarray:
    voxels = np.random.default_rng(0).integers(0, 256, (2, 1, 32, 32, 32))
    return ((voxels - 96) / 64).astype(np.float32)


@pytest.fixture
def quantized(student: EfficientMedNeXt, patches: np.ndarray) -> Graph:
    return quantized_graph(deploy_graph(student), patches, NORMALISATION, 63)


def test_every_eight_bit_voxel_value_is_exact(quantized: Graph) -> None:
    node = quantized.nodes[1]
    assert isinstance(node, Quantize)
    values = ((torch.arange(256.0) - 96) / 64).reshape(1, 1, 4, 8, 8)
    assert torch.equal(GraphModule(quantized).quantize(node, values), values)


@pytest.mark.parametrize(("shift", "largest"), [(96.0, 1000.0), (96.5, 200.0), (-40.0, 200.0)])
def test_other_voxels_get_a_calibrated_input_grid(student: EfficientMedNeXt, shift: float, largest: float) -> None:
    voxels = np.random.default_rng(0).uniform(0, largest, (2, 1, 32, 32, 32))
    normalisation = Normalisation(shift=shift, scale=largest / 4)
    normalised = ((voxels - shift) / normalisation.scale).astype(np.float32)
    node = quantized_graph(deploy_graph(student), normalised, normalisation, 63).nodes[1]
    assert isinstance(node, Quantize)
    lowest, highest = ((bound - node.zero_point) * node.scale for bound in (node.low, node.high))
    assert lowest <= normalised.min() + 2 * node.scale
    assert highest >= normalised.max() - 2 * node.scale
    assert highest - lowest < 1.1 * (max(normalised.max(), 0) - min(normalised.min(), 0))


def test_weights_lie_on_a_grid_that_cannot_saturate(quantized: Graph) -> None:
    convs = [node for node in quantized if isinstance(node, Conv)]
    assert convs[-1].weight_scale is None, "the head stays float"
    for conv in convs[:-1]:
        assert conv.weight_scale is not None
        assert np.abs(conv.integer_weight).max() == 63
        grid = conv.integer_weight * conv.weight_scale.reshape(-1, 1, 1, 1, 1)
        np.testing.assert_allclose(conv.weight, grid, rtol=1e-6, atol=0)


def test_concatenated_and_interleaved_tensors_share_a_scale(student: EfficientMedNeXt) -> None:
    graph = deploy_graph(student)
    groups = shared_ranges(graph, quantization_points(graph))
    block = {groups[f"enc_block_0.0.act{i}"] for i in range(3)}
    phases = {groups[f"up_3.phase{d}{h}{w}.pw"] for d in "01" for h in "01" for w in "01" if (d, h, w) != tuple("111")}
    assert len(block) == 1
    assert phases == {groups["up_3.phase111"]}
    assert groups["enc_block_0.0.sum"] == "enc_block_0.0.sum"


def test_quantised_reference_stays_near_the_float_network(
    student: EfficientMedNeXt, quantized: Graph, patches: np.ndarray
) -> None:
    expected = run_graph(deploy_graph(student), patches)
    error = np.abs(run_graph(quantized, patches) - expected)
    assert 0 < error.mean() < 0.05 * expected.std()


def test_without_quantization_nothing_is_quantised(quantized: Graph) -> None:
    plain = quantized.without_quantization()
    assert not plain.quantized
    assert all(node.weight_scale is None for node in plain if isinstance(node, Conv))
