"""An IR read back as the deploy graph that it was exported from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openvino import opset13 as ops

from edge_sdk.errors import TargetError
from edge_sdk.graph import Graph, Node
from targets.lowering.even_weights import even_weights
from targets.lowering.hoist import hoist_elementwise
from targets.openvino.export import export
from targets.openvino.graph import quantize_between, read_graph
from tests.targets import graphs

SHAPE = (8, 8, 8)


def written_and_read(graph: Graph, folder: Path) -> Graph:
    """The graph after a way through a file."""
    export(graph, folder / "model.xml", SHAPE, graphs.random_patch(shape=SHAPE))
    return read_graph(
        folder / "model.xml",
        patch_multiple=graph.patch_multiple,
        output_stride=graph.output_stride,
        meta=dict(graph.meta),
    )


def assert_same(found: Node, expected: Node) -> None:
    """Type and every field, numbers within float32's rounding."""
    assert type(found) is type(expected)
    for item in fields(expected):
        got, wanted = getattr(found, item.name), getattr(expected, item.name)
        if isinstance(wanted, float | np.ndarray):
            np.testing.assert_allclose(got, wanted, rtol=3e-7, atol=0)
        else:
            assert got == wanted, (expected.name, item.name)


@pytest.mark.parametrize("quantized", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu", "hardswish"])
def test_every_node_comes_back(quantized: bool, activation: str, tmp_path: Path) -> None:
    graph = graphs.tiny_graph(quantized=quantized, activation=activation)
    lowered = {node.name: node for node in even_weights(hoist_elementwise(graph))}
    read = written_and_read(graph, tmp_path)
    assert {node.name for node in read} == set(lowered)
    for node in read:
        assert_same(node, lowered[node.name])
    seen: set[str] = set()
    for node in read:
        assert set(node.inputs) <= seen
        seen.add(node.name)


def test_a_second_way_through_a_file_changes_nothing(tmp_path: Path) -> None:
    once = written_and_read(graphs.tiny_graph(), tmp_path)
    twice = {node.name: node for node in written_and_read(once, tmp_path)}
    for node in once:
        assert_same(twice[node.name], node)


@given(
    scale=st.floats(2.0**-20, 1024.0, width=32),
    levels=st.sampled_from([(0, 255, zero) for zero in (0, 17, 100, 255)] + [(-128, 127, z) for z in (0, -40, 99)]),
)
def test_a_grid_is_known_by_its_ends(scale: float, levels: tuple[int, int, int]) -> None:
    low, high, zero_point = levels
    ends = [float(np.float32((level - zero_point) * scale)) for level in (low, high)]
    found = quantize_between("grid", "source", *ends)
    assert found.scale == pytest.approx(scale, rel=2e-7)
    # One grid has two names: its levels counted from 0 or from -128.
    assert found.zero_point - found.low == zero_point - low


def test_another_network_is_refused_by_its_operator(tmp_path: Path) -> None:
    patch = ops.parameter([1, 1, *SHAPE], np.float32)
    ov.save_model(ov.Model([ops.result(ops.softmax(patch, 1))], [patch], "other"), tmp_path / "model.xml")
    with pytest.raises(TargetError, match="Softmax"):
        read_graph(tmp_path / "model.xml", patch_multiple=16, output_stride=2, meta={})
    (tmp_path / "model.xml").write_text("<net")
    with pytest.raises(TargetError, match="cannot read"):
        read_graph(tmp_path / "model.xml", patch_multiple=16, output_stride=2, meta={})
