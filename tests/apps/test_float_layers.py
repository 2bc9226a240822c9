"""Layers that compression left float, on every target: really float, and equal to the reference."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.graph import Graph
from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Normalization
from quantization.deploy_form import deploy_graph
from quantization.observers import calibrated_ranges
from quantization.quantizers import quantizable_layers, with_quantizers
from quantization.recipe import Quantize
from targets.registry import TARGETS
from tests.quantization.conftest import build_student

SHAPE = (32, 32, 32)
SINGLE = ["enc_block_1.0.dw1", "enc_block_1.1.pw", "down_1.dw0", "up_3.phase000.dw", "up_2.phase111.pw", "crrb2.res"]
"""Each between integer layers."""
BRANCHES = [f"{block}.dw{i}" for block in ("enc_block_0.0", "up_3.phase111", "dec_block_1.1") for i in range(3)]
"""All that read a tensor as convolutions: the stem's, which integers of one layer give, a bottleneck's sum, …"""


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    voxels = np.random.default_rng(0).integers(0, 256, (2, 1, *SHAPE))
    return ((voxels - 96) / 64).astype(np.float32)


@pytest.fixture(scope="module")
def float_graph() -> Graph:
    return deploy_graph(build_student("relu", "T"))


def mixed(graph: Graph, patches: np.ndarray, layers: list[str]) -> Graph:
    ranges = calibrated_ranges(graph, patches, Normalization(shift=96.0, scale=64.0), Quantize())
    return with_quantizers(graph, ranges, 63, layers)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TARGETS))
@pytest.mark.parametrize("layers", [SINGLE, BRANCHES], ids=["single layers", "all branches"])
def test_float_layers_are_executed_in_float_and_agree_with_the_reference(
    name: str,
    layers: list[str],
    float_graph: Graph,
    patches: np.ndarray,
    tmp_path: Path,
) -> None:
    graph, patch = mixed(float_graph, patches, layers), patches[:1]
    reference, exact = run_graph(graph, patch), run_graph(float_graph, patch)
    TARGETS[name].export(graph, tmp_path, SHAPE, patches)
    with TARGETS[name].open(tmp_path, precision="int8", threads=1) as session:
        error = np.abs(session.infer(patch) - reference)
    # Two roundings of one float network.
    assert error.max() <= 2 * np.abs(reference - exact).max()
    assert error.mean() <= 1.5 * np.abs(reference - exact).mean()

    operators = TARGETS[name].inspect(tmp_path, patch, precision="int8", threads=1)
    convolutions = [each for each in operators if re.search("conv(?!ert)", each.operator.lower())]
    floating = [each for each in convolutions if each.precision not in {"int8", "uint8"}]
    # The head, and what is left float. ONNX Runtime and ExecuTorch have no integer convolution with a float result:
    # what a float layer reads is computed in float, too. A kernel of depth 3 is three convolutions on ExecuTorch.
    least = len(layers) + 1
    most = {"openvino": least, "onnxruntime": least + 7, "executorch": 3 * (least + 7)}[name]
    assert least <= len(floating) <= most
    assert len(convolutions) - len(floating) > 100


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_where_only_sums_are_rounded_little_is_left_to_differ_in(
    name: str, float_graph: Graph, patches: np.ndarray, tmp_path: Path
) -> None:
    graph, patch = mixed(float_graph, patches, quantizable_layers(float_graph)), patches[:1]
    reference = run_graph(graph, patch)
    TARGETS[name].export(graph, tmp_path, SHAPE, patches)
    with TARGETS[name].open(tmp_path, precision="int8", threads=1) as session:
        error = np.abs(session.infer(patch) - reference)
    assert error.mean() < 0.5 * np.abs(reference - run_graph(float_graph, patch)).mean()
