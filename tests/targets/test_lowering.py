"""Each rewrite computes what it replaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sdk.errors import GeometryError
from edge_sdk.graph import Activation, Add, Concat, Conv, Graph, Interleave, PadStart, Quantize
from edge_sdk.network.graph_module import GraphModule, run_graph
from targets.lowering.absorb import absorb_relu
from targets.lowering.even_weights import even_weights
from targets.lowering.float_layers import with_float_layers
from targets.lowering.hoist import hoist_elementwise
from targets.lowering.integers import integer_convolution
from targets.lowering.local_grids import PlanarModule, with_local_grids
from targets.lowering.planar import planar
from targets.lowering.planes import Planes
from targets.lowering.shapes import tensor_shapes
from targets.lowering.split_joins import rejoin, split_joins
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


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_joins_are_split_within_rounding_and_joined_again(activation: str) -> None:
    graph = hoist_elementwise(graphs.tiny_graph(quantized=False, activation=activation))
    split = split_joins(graph)
    assert any(isinstance(node, Concat) for node in graph)
    assert not any(isinstance(node, Concat) for node in split)
    expected = run_graph(graph, PATCH)
    np.testing.assert_allclose(run_graph(split, PATCH), expected, atol=1e-5 * np.abs(expected).max())
    again = rejoin(split)
    assert [node.name for node in again] == [node.name for node in graph]
    np.testing.assert_array_equal(run_graph(again, PATCH), expected)


def test_joins_of_integers_stay() -> None:
    graph = hoist_elementwise(graphs.tiny_graph())
    convolutions = [node.name for node in graph if isinstance(node, Conv)]
    for each in (graph, with_float_layers(graph, convolutions)):
        assert split_joins(each).nodes == each.nodes


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


@pytest.mark.parametrize("quantized", [True, False])
def test_planar_form_has_no_depth_and_equals_the_3d_one(quantized: bool) -> None:
    graph = graphs.tiny_graph(quantized=quantized).without_quantization()
    flat = planar(graph, (8, 8, 8))
    for node in flat:
        if isinstance(node, Conv):
            assert (node.weight.shape[2], node.stride[0], node.padding[0]) == (1, 1, 0)
    with torch.no_grad():
        found = PlanarModule(flat)(torch.from_numpy(PATCH)).numpy()
    expected = run_graph(graph, PATCH)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_planar_form_shares_shifted_planes_and_keeps_the_integers() -> None:
    graph = graphs.tiny_graph()
    flat = planar(graph, (8, 8, 8))
    made = [(node.inputs, node.first, node.step, node.count) for node in flat if isinstance(node, Planes)]
    assert len(made) == len(set(made)) > 0
    conv = next(node for node in graph if isinstance(node, Conv) and node.weight.shape[2] == 3)
    for tap in range(3):
        part = flat[f"{conv.name}.tap{tap}"]
        assert isinstance(part, Conv)
        np.testing.assert_array_equal(part.integer_weight[:, :, 0], conv.integer_weight[:, :, tap])


def test_local_grids_leave_no_sum_without_a_grid_but_the_output() -> None:
    graph = planar(absorb_relu(hoist_elementwise(graphs.tiny_graph(activation="gelu"))), (8, 8, 8))
    complete = with_local_grids(graph, PATCH[None, 0])
    readers = {name: node for node in complete for name in node.inputs}
    for node in complete.nodes[:-1]:
        if isinstance(node, Conv | Add):
            assert isinstance(readers[node.name], Quantize)
    module = PlanarModule(complete)
    values: dict[str, float] = {}
    with torch.no_grad():
        module.watched(
            torch.from_numpy(PATCH), lambda node, value: values.update({node.name: float(value.abs().max())})
        )
    added = [node for node in complete if isinstance(node, Quantize) and node.name.endswith(".grid")]
    assert added
    for grid in added:
        # Calibrated on the float sums of this very patch: close to full use, rounding before it aside.
        assert values[grid.inputs[0]] / grid.scale == pytest.approx(127, rel=0.2)


def test_even_weights_are_even_where_the_input_is_signed_and_mean_the_same() -> None:
    graph = hoist_elementwise(graphs.tiny_graph())
    even = even_weights(graph)
    doubled = 0
    for before, after in zip(graph, even, strict=True):
        if isinstance(before, Conv) and isinstance(after, Conv) and after.weight_scale is not None:
            assert before.weight_scale is not None
            factor = (before.weight_scale / after.weight_scale).reshape(-1, 1, 1, 1, 1)
            np.testing.assert_array_equal(after.integer_weight, before.integer_weight * factor)
            assert np.abs(after.integer_weight.astype(int)).max() <= 127
            doubled += int((factor == 2).all())
            source = graph[before.inputs[0]]
            if isinstance(source, Quantize):
                # oneDNN's 1×1×1 kernel does not halve: twice the integers would overflow in it.
                plain = before.groups == 1 and before.weight.shape[2:] == (1, 1, 1) and before.stride == (1, 1, 1)
                assert (factor == (2 if source.low < 0 and not plain else 1)).all()
    assert doubled > 10


def test_planes_that_meet_padding_only_are_left_out() -> None:
    """On two planes the outer taps of a dilated kernel see nothing."""
    builder = graphs.GraphBuilder(graphs.random_patch(8, (2, 4, 4)))
    wide = builder.conv(builder.input(), 8, (3, 3, 3), padding=(2, 2, 2), dilation=(2, 2, 2), groups=8)
    builder.quantize(wide)
    graph = planar(builder.graph(), (2, 4, 4))
    assert not any(isinstance(node, Add | Planes) for node in graph)
    assert sum(isinstance(node, Conv) for node in graph) == sum(isinstance(node, Conv) for node in builder.graph())
    np.testing.assert_array_equal(run_graph(graph, builder.patch), run_graph(builder.graph(), builder.patch))


def test_a_part_that_is_zero_everywhere_gets_no_endlessly_fine_grid() -> None:
    """XNNPACK refuses to add parts, and to convolve into them, where steps are too unequal."""
    builder = graphs.GraphBuilder(graphs.random_patch(8, (6, 4, 4)))
    wide = builder.conv(builder.input(), 8, (3, 3, 3), padding=(1, 1, 1), groups=8)
    builder.quantize(wide)
    whole = builder.graph()
    center = np.array([0, 1, 0], np.float32).reshape(3, 1, 1)
    nodes = [
        replace(node, weight=node.weight * center) if isinstance(node, Conv) and node.weight.shape[2] == 3 else node
        for node in whole
    ]
    complete = with_local_grids(planar(whole.with_nodes(nodes), (6, 4, 4)), builder.patch)
    last = complete.nodes[-1]
    assert isinstance(last, Quantize)
    local = [node for node in complete if isinstance(node, Quantize) and node.name.endswith(".grid")]
    assert len(local) == 4
    assert all(node.scale >= last.scale / 65**2 for node in local)
    assert any(node.scale <= last.scale / 60 for node in local)
    for node in local:
        conv = complete[node.inputs[0]]
        if isinstance(conv, Conv) and conv.weight_scale is not None:
            source = complete[conv.inputs[0]]
            while not isinstance(source, Quantize):
                source = complete[source.inputs[0]]
            assert source.scale * conv.weight_scale.max() / node.scale < 256
