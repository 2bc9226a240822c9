"""Every target against the reference interpreter, FP32 and INT8, on hand-made graphs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.errors import GeometryError, TargetError
from edge_sdk.graph import Graph, Quantize
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.selftest import SelfTestVector, run_selftest
from targets.registry import TARGETS
from tests.targets import graphs

SHAPE = (8, 8, 8)
NAMES = list(TARGETS)


def exported(name: str, graph: Graph, folder: Path, channels: int = 1) -> Path:
    """The folder of an export, calibrated on one random patch."""
    TARGETS[name].export(graph, folder, SHAPE, graphs.random_patch(channels, SHAPE))
    return folder


def one_block(activation: str = "relu") -> Graph:
    """Stem and block, ending in a grid: its output tells least significant bits."""
    builder = graphs.GraphBuilder(graphs.random_patch(1, SHAPE))
    stem = builder.quantize(builder.conv(builder.input(), 8))
    builder.block(stem, activation=activation)
    return builder.graph()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("activation", ["relu", "gelu", "hardswish"])
def test_fp32_equals_the_reference(name: str, activation: str, tmp_path: Path) -> None:
    graph = graphs.tiny_graph(quantized=False, activation=activation, channels=2)
    patch = graphs.random_patch(2, SHAPE, seed=1)
    expected = run_graph(graph, patch)
    with TARGETS[name].open(exported(name, graph, tmp_path, 2), precision="fp32") as session:
        logits = session.infer(patch)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_int8_block_differs_by_rounding_only(name: str, activation: str, tmp_path: Path) -> None:
    graph = one_block(activation)
    grid = graph.nodes[-1]
    assert isinstance(grid, Quantize)
    patch = graphs.random_patch(1, SHAPE, seed=1)
    with TARGETS[name].open(exported(name, graph, tmp_path), precision="int8") as session:
        levels = (session.infer(patch) - run_graph(graph, patch)) / grid.scale
    # ExecuTorch rounds the parts of a 3D convolution before it adds them.
    largest, often = (3.5, 0.4) if name == "executorch" else (1.5, 0.1)
    assert np.abs(levels).max() < largest
    assert (np.abs(levels) > 0.5).mean() < often


@pytest.mark.parametrize("name", NAMES)
def test_int8_network_stays_near_the_reference(name: str, tmp_path: Path) -> None:
    graph = graphs.tiny_graph()
    patch = graphs.random_patch(seed=1, shape=SHAPE)
    expected = run_graph(graph, patch)
    with TARGETS[name].open(exported(name, graph, tmp_path), precision="int8") as session:
        found = run_selftest(SelfTestVector(patch, expected, {name: np.inf}), session, "int8")
    spread = float(expected.std())
    assert found.mean_error is not None
    assert found.class_change is not None
    # Quantization itself moves the float graph's logits by about as much.
    assert found.mean_error < 0.05 * spread
    assert found.class_change < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_int8_convolutions_are_executed_as_integers(name: str, tmp_path: Path) -> None:
    graph = graphs.tiny_graph()
    folder = exported(name, graph, tmp_path)
    operators = TARGETS[name].inspect(folder, graphs.random_patch(shape=SHAPE), precision="int8", threads=1)
    convolutions = [each for each in operators if re.search("conv(?!ert)", each.operator.lower())]
    floating = [each for each in convolutions if each.precision not in {"int8", "uint8"}]
    assert len(convolutions) > 30
    assert len(floating) == 1, floating  # the head


@pytest.mark.parametrize("name", NAMES)
def test_other_patch_shape_is_refused_with_both_shapes(name: str, tmp_path: Path) -> None:
    folder = exported(name, graphs.tiny_graph(quantized=False), tmp_path)
    with (
        TARGETS[name].open(folder, precision="fp32") as session,
        pytest.raises(GeometryError, match=r"\(1, 1, 8, 8, 6\).*\(1, 1, 8, 8, 8\)"),
    ):
        session.infer(graphs.random_patch(shape=(8, 8, 6)))


@pytest.mark.parametrize("name", NAMES)
def test_damaged_artifact_is_refused_by_name(name: str, tmp_path: Path) -> None:
    artifact = tmp_path / {"openvino": "model.xml", "onnxruntime": "model.onnx", "executorch": "model.pte"}[name]
    with pytest.raises(TargetError, match=artifact.name):
        TARGETS[name].open(tmp_path, precision="int8")
    artifact.write_bytes(b"not a model" * 100)
    with pytest.raises(TargetError, match=artifact.name):
        TARGETS[name].open(tmp_path, precision="int8")


@pytest.mark.parametrize("name", NAMES)
def test_closed_session_says_so(name: str, tmp_path: Path) -> None:
    session = TARGETS[name].open(exported(name, one_block(), tmp_path), precision="int8", threads=1)
    session.close()
    session.close()
    with pytest.raises(TargetError, match="closed"):
        session.infer(graphs.random_patch(shape=SHAPE))


@pytest.mark.parametrize("name", NAMES)
def test_results_are_the_callers_own(name: str, tmp_path: Path) -> None:
    with TARGETS[name].open(exported(name, one_block(), tmp_path), precision="int8", threads=1) as session:
        first = session.infer(graphs.random_patch(shape=SHAPE))
        before = first.copy()
        session.infer(graphs.random_patch(shape=SHAPE, seed=5))
    np.testing.assert_array_equal(first, before)
