"""The count without a network, held against the graph that is deployed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edge_sdk.graph import Conv, Graph, Node
from edge_sdk.network import EfficientMedNeXt
from edge_sdk.network.architecture import published_architecture
from edge_sdk.network.graph_module import GraphModule
from quantization.deploy_form import deploy_graph
from quantization.pruning.cost import stage_macs, total_macs
from quantization.size import conv_macs

PATCH = (32, 48, 32)


def _counted(graph: Graph) -> dict[str, int]:
    """Multiplications that running the graph makes, by the first part of the operators' names."""
    found: dict[str, int] = {}

    def count(node: Node, output: torch.Tensor) -> None:
        if isinstance(node, Conv):
            stage = node.name.split(".")[0]
            found[stage] = found.get(stage, 0) + conv_macs(node, output)

    with torch.no_grad():
        GraphModule(graph).eval().watched(torch.zeros(1, 1, *PATCH), count)
    return found


@pytest.mark.parametrize("variant", ["T", "L"])
def test_every_stage_equals_the_deployed_graphs(variant: str) -> None:
    plan = published_architecture(variant, 1, 3, 8, 8, norm="batch", activation="relu")
    stages = {**plan.stages, "enc_block_1": ((0, 2), (1,)), "down_2": ((1,),), "up_3": ((1, 2),), "up_1": ((1,),)}
    plan = replace(plan, stages=stages)
    counted = _counted(deploy_graph(EfficientMedNeXt(plan).eval()))
    assert stage_macs(plan, PATCH) == counted


def test_published_sizes() -> None:
    """The table of the published network: 35.8 and 19.7 GMAC at 96³ with 14 classes; up blocks in phases save some."""
    for variant, gmac in (("S", 35.8), ("T", 19.7)):
        macs = total_macs(published_architecture(variant, 1, 14), (96, 96, 96)) / 1e9
        assert 0.9 * gmac < macs < 1.01 * gmac
