from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from edge_sdk.errors import FileFormatError, RecipeError
from edge_sdk.graph import Concat, Conv, load_graph, save_graph
from edge_sdk.network import EfficientMedNeXt, efficient_mednext
from edge_sdk.network.architecture import ActivationName
from edge_sdk.network.graph_module import GraphModule
from quantization.deploy_form import deploy_graph
from tests.edge_sdk.network.test_architecture import irregular
from tests.quantization.conftest import with_statistics


@pytest.mark.parametrize("variant", ["T", "L"])
@pytest.mark.parametrize("activation", ["relu", "gelu", "hardswish"])
@torch.no_grad()
def test_folding_and_phases_keep_the_function(
    students: Callable[[str, str], EfficientMedNeXt], activation: str, variant: str
) -> None:
    network = students(activation, variant)
    x = torch.randn(1, 1, 32, 32, 48)
    expected = network(x)
    found = GraphModule(deploy_graph(network)).eval()(x)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@torch.no_grad()
def test_pruned_networks_keep_their_function(activation: ActivationName) -> None:
    torch.manual_seed(2)
    network = with_statistics(EfficientMedNeXt(replace(irregular(), activation=activation)))
    x = torch.randn(1, 1, 32, 32, 48)
    expected = network(x)
    graph = deploy_graph(network)
    assert (GraphModule(graph).eval()(x) - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert all(len(node.inputs) > 1 for node in graph if isinstance(node, Concat))


def test_no_transposed_convolution_is_left(student: EfficientMedNeXt) -> None:
    graph = deploy_graph(student)
    kernels = {node.weight.shape[2:] for node in graph if isinstance(node, Conv)}
    assert kernels == {(a, b, c) for a in (1, 2) for b in (1, 2) for c in (1, 2)} | {(3, 3, 3)}


def test_group_norm_is_refused() -> None:
    with pytest.raises(RecipeError, match="GroupNorm cannot be folded"):
        deploy_graph(efficient_mednext("T", 1, 3, 8, 8))


def test_graph_file_keeps_everything(student: EfficientMedNeXt, tmp_path: Path) -> None:
    graph = deploy_graph(student)
    save_graph(graph, tmp_path / "graph.npz")
    again = load_graph(tmp_path / "graph.npz")
    x = torch.randn(1, 1, 32, 32, 32)
    assert torch.equal(GraphModule(again).eval()(x), GraphModule(graph).eval()(x))
    assert (again.meta, again.patch_multiple, again.output_stride) == (graph.meta, 16, 2)


def test_another_file_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "graph.npz").write_bytes(b"not a graph")
    with pytest.raises(FileFormatError, match=r"graph\.npz: not a deploy graph"):
        load_graph(tmp_path / "graph.npz")
