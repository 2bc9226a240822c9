from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apps.exporting import reference_of
from edge_sdk.errors import TargetError
from edge_sdk.graph import Conv, Graph
from tests.targets import graphs


def without_bias(graph: Graph) -> Graph:
    """The same network but for its first bias: what a faulty engine would compute."""
    broken = [
        node if not isinstance(node, Conv) or node.name != first_conv(graph).name else faulty(node) for node in graph
    ]
    return graph.with_nodes(broken)


def first_conv(graph: Graph) -> Conv:
    return next(node for node in graph if isinstance(node, Conv))


def faulty(conv: Conv) -> Conv:
    from dataclasses import replace

    return replace(conv, bias=conv.bias + 3)


@pytest.mark.parametrize("quantized", [True, False])
def test_an_engine_that_computes_something_else_is_refused(quantized: bool, tmp_path: Path) -> None:
    from apps.exporting import _export_one

    graph = graphs.tiny_graph(quantized=quantized)
    patch = graphs.random_patch(shape=(8, 8, 8))
    reference = reference_of(graph, patch, ["onnxruntime"])
    precision = "int8" if quantized else "fp32"
    assert _export_one("onnxruntime", graph, tmp_path / "right", reference, patch, precision).passes
    with pytest.raises(TargetError, match="differs from the reference by up to"):
        _export_one("onnxruntime", without_bias(graph), tmp_path / "wrong", reference, patch, precision)


def test_the_bound_is_twice_what_rounding_moves() -> None:
    from edge_sdk.network.graph_module import run_graph

    graph = graphs.tiny_graph()
    patch = graphs.random_patch(shape=(8, 8, 8))
    reference = reference_of(graph, patch, ["openvino"])
    moved = np.abs(reference.vector.reference - run_graph(graph.without_quantization(), reference.vector.patch)).max()
    assert reference.vector.bounds["openvino"] == pytest.approx(2 * moved)
