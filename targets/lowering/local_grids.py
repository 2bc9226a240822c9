"""Grids for tensors that only a target's lowering makes: partial sums, and convolutions before a float activation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_sdk.graph import Add, Conv, Graph, Node, Quantize
from edge_sdk.network.graph_module import GraphModule
from targets.lowering.consumers import consumers
from targets.lowering.planes import Planes

LOWEST, HIGHEST = -128, 127


class PlanarModule(GraphModule):
    """The reference interpreter, which also knows `Planes`."""

    def run_node(self, node: Node, inputs: list[Tensor]) -> Tensor:
        """The output of one operator."""
        if not isinstance(node, Planes):
            return super().run_node(node, inputs)
        x = inputs[0]
        before = max(0, -node.first)
        after = max(0, node.first + node.step * (node.count - 1) + 1 - x.shape[2])
        padded = torch.nn.functional.pad(x, (0, 0, 0, 0, before, after))
        start = node.first + before
        return padded[:, :, start : start + node.step * (node.count - 1) + 1 : node.step]


def with_local_grids(graph: Graph, calibration: NDArray[np.float32]) -> Graph:
    """Quantise every sum of a quantised graph that has no grid of its own, but for the output.

    The grids are symmetric int8 and hold the largest value that the calibration patches (M, C, D, H, W) give.
    """
    used_by = consumers(graph)
    wanted = {
        node.name
        for node in graph.nodes[:-1]
        if isinstance(node, Conv | Add)
        and not (len(used_by[node.name]) == 1 and isinstance(used_by[node.name][0], Quantize))
    }
    if not wanted:
        return graph
    largest = _largest(graph, wanted, calibration)
    alias: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph:
        nodes.append(replace(node, inputs=tuple(alias.get(name, name) for name in node.inputs)))
        if node.name in wanted:
            alias[node.name] = f"{node.name}.grid"
            scale = max(largest[node.name], 1e-12) / HIGHEST
            nodes.append(
                Quantize(
                    name=alias[node.name],
                    inputs=(node.name,),
                    scale=float(np.float32(scale)),
                    zero_point=0,
                    low=LOWEST,
                    high=HIGHEST,
                )
            )
    return graph.with_nodes(nodes)


def _largest(graph: Graph, wanted: set[str], calibration: NDArray[np.float32]) -> dict[str, float]:
    largest = dict.fromkeys(wanted, 0.0)

    def watch(node: Node, value: Tensor) -> None:
        if node.name in largest:
            largest[node.name] = max(largest[node.name], float(value.abs().max()))

    module = PlanarModule(graph).eval()
    with torch.no_grad():
        for patch in calibration:
            module.watched(torch.from_numpy(patch)[None], watch)
    return largest
