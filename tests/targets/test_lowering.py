"""Each rewrite computes what it replaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sdk.errors import GeometryError
from edge_sdk.graph import Activation, Concat, Conv, Graph, Interleave, PadStart, Quantize
from edge_sdk.network.graph_module import GraphModule, run_graph
from targets.lowering.absorb import absorb_relu
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.integers import integer_convolution
from targets.lowering.shapes import tensor_shapes
from tests.targets import graphs

PATCH = graphs.random_patch(seed=3)


@pytest.mark.parametrize("activation", ["relu", "gelu", "hardswish"])
@pytest.mark.parametrize("quantized", [True, False])
def test_hoisting_is_exact_and_complete(activation: str, quantized: bool) -> None:
    graph = graphs.tiny_graph(quantized=quantized, activation=activation)
    hoisted = hoist_elementwise(graph)
    np.testing.assert_array_equal(run_graph(hoisted, PATCH), run_graph(graph, PATCH))
    for node in hoisted:
        if isinstance(node, Activation | Quantize):
            assert not isinstance(hoisted[node.inputs[0]], Concat | PadStart | Interleave)


def test_relu_is_absorbed_only_by_a_grid_that_starts_at_zero() -> None:
    graph = hoist_elementwise(graphs.tiny_graph())
    absorbed = absorb_relu(graph)
    assert any(isinstance(node, Activation) for node in graph)
    assert not any(isinstance(node, Activation) for node in absorbed)
    np.testing.assert_array_equal(run_graph(absorbed, PATCH), run_graph(graph, PATCH))

    signed = graph.with_nodes(
        [replace(n, low=-128, high=127, zero_point=0) if isinstance(n, Quantize) else n for n in graph]
    )
    assert absorb_relu(signed).nodes == signed.nodes


def test_shapes_are_those_of_the_interpreter() -> None:
    graph = graphs.tiny_graph(channels=2)
    shapes = tensor_shapes(graph, (8, 6, 4))
    module = GraphModule(graph)
    values: dict[str, torch.Tensor] = {graph.nodes[0].name: torch.zeros(1, 2, 8, 6, 4)}
    for node in graph.nodes[1:]:
        values[node.name] = module.run_node(node, [values[name] for name in node.inputs])
    assert shapes == {name: tuple(value.shape) for name, value in values.items()}


def test_patch_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(GeometryError, match="multiples of 2"):
        tensor_shapes(graphs.tiny_graph(), (8, 7, 8))


def test_integer_convolution_equals_the_float_one() -> None:
    builder = graphs.GraphBuilder(graphs.random_patch(3))
    builder.conv(builder.input(), 5, (3, 3, 3))
    source, conv = builder.nodes[1:]
    assert isinstance(source, Quantize)
    assert isinstance(conv, Conv)
    weight, scale, bias = integer_convolution(conv, source.scale)
    sums = scale.astype(np.float64) * source.scale
    np.testing.assert_allclose(weight * scale.reshape(-1, 1, 1, 1, 1), conv.weight, rtol=1e-6)
    np.testing.assert_allclose(bias * sums, conv.bias, atol=sums.max() / 2)


def test_dead_channel_keeps_its_bias() -> None:
    conv = Conv(
        name="c",
        inputs=("x",),
        weight=np.zeros((2, 1, 1, 1, 1), np.float32),
        bias=np.array([3.0, -2.0], np.float32),
        weight_scale=np.full(2, 1e-10, np.float32),
    )
    weight, scale, bias = integer_convolution(conv, 1e-3)
    assert not weight.any()
    np.testing.assert_allclose(bias * scale * 1e-3, conv.bias, rtol=1e-6)
    assert np.abs(bias.astype(np.int64)).max() <= 2**30


def test_graph_helper_covers_every_operator() -> None:
    graph: Graph = graphs.tiny_graph()
    assert {type(node).__name__ for node in graph} == {
        *("Input", "Conv", "Activation", "Concat", "Add", "Quantize", "PadStart", "Interleave")
    }
