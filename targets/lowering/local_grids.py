"""Grids for tensors that only a target's lowering makes: partial sums, and convolutions before a float activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_sdk.graph import Add, Conv, Copy, Graph, Node, Quantize
from edge_sdk.network.graph_module import GraphModule
from targets.lowering.consumers import consumers
from targets.lowering.planes import Planes

LOWEST, HIGHEST = -128, 127
FINEST = 64
"""Steps of a part for one of its sum: XNNPACK refuses to add beyond 1024, and to convolve into steps too fine."""
COARSEST = 128
"""Steps of a convolution's sum for one of its grid: XNNPACK refuses 256."""
Moved = Copy | Planes


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
    """Quantize every sum of integers that has no grid of its own, but for the output.

    The grids are symmetric int8 and hold the largest value that the calibration patches (M, C, D, H, W) give. What
    a layer that was left float reads or gives has no grid; an integer convolution that such a layer reads without one
    becomes a float convolution with the same weights.
    """
    wanted, read_as_float = _integer_sums(graph)
    graph = graph.with_nodes(
        [replace(n, weight_scale=None) if isinstance(n, Conv) and n.name in read_as_float else n for n in graph]
    )
    if not wanted:
        return graph
    scales = _scales(graph, _largest(graph, wanted, calibration))
    alias: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph:
        nodes.append(replace(node, inputs=tuple(alias.get(name, name) for name in node.inputs)))
        if node.name in wanted:
            alias[node.name] = f"{node.name}.grid"
            nodes.append(
                Quantize(
                    name=alias[node.name],
                    inputs=(node.name,),
                    scale=scales[node.name],
                    zero_point=0,
                    low=LOWEST,
                    high=HIGHEST,
                )
            )
    return graph.with_nodes(nodes)


def _integer_sums(graph: Graph) -> tuple[set[str], set[str]]:
    """Sums of integers that need a grid of their own, and those that a float convolution reads without one."""
    used_by = consumers(graph)

    @cache
    def reaches_convolution(name: str) -> bool:
        """Without passing a grid."""
        return any(
            isinstance(reader, Conv) or (not isinstance(reader, Quantize) and reaches_convolution(reader.name))
            for reader in used_by[name]
        )

    wanted: set[str] = set()
    read_as_float: set[str] = set()
    on_grid: dict[str, bool] = {}
    for node in graph:
        reads_grids = bool(node.inputs) and all(on_grid[name] for name in node.inputs)
        readers = used_by[node.name]
        on_grid[node.name] = isinstance(node, Quantize) or (isinstance(node, Moved) and reads_grids)
        is_sum = isinstance(node, Add) or (isinstance(node, Conv) and node.weight_scale is not None)
        if not is_sum or not reads_grids or node is graph.nodes[-1]:
            continue
        if reaches_convolution(node.name):
            read_as_float.add(node.name)
        elif not (len(readers) == 1 and isinstance(readers[0], Quantize)):
            wanted.add(node.name)
            on_grid[node.name] = True
    return wanted, read_as_float


def _scales(graph: Graph, largest: dict[str, float]) -> dict[str, float]:
    """Scales that hold the largest values, and none so fine that XNNPACK would refuse it.

    A part may be zero everywhere: the outer planes of a dilated kernel on a volume two planes deep.
    """
    used_by = consumers(graph)
    scales: dict[str, float] = {}
    for node in reversed(graph.nodes):
        if isinstance(node, Quantize):
            scales[node.name] = node.scale
        elif node.name in largest:
            sums = [reader for reader in used_by[node.name] if isinstance(reader, Add)]
            coarsest = max((_scale_after(each, used_by, scales) for each in sums), default=0.0)
            step = _step_of_sum(graph, node) / COARSEST
            scales[node.name] = float(np.float32(max(largest[node.name] / HIGHEST, coarsest / FINEST, step, 1e-14)))
    return scales


def _step_of_sum(graph: Graph, node: Node) -> float:
    """What one step of input and weight is worth in an integer convolution, at most; 0 for other nodes."""
    if not isinstance(node, Conv) or node.weight_scale is None:
        return 0.0
    source = graph[node.inputs[0]]
    while not isinstance(source, Quantize):
        source = graph[source.inputs[0]]
    return source.scale * float(node.weight_scale.max())


def _scale_after(total: Add, used_by: Mapping[str, list[Node]], scales: Mapping[str, float]) -> float:
    """The scale of a sum's grid, its own or the one that reads it; 0 for a float sum."""
    if total.name in scales:
        return scales[total.name]
    return max((scales[reader.name] for reader in used_by[total.name] if isinstance(reader, Quantize)), default=0.0)


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
