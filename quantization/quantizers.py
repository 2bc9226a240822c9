"""Where a deploy graph is quantized."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
from pydantic import JsonValue

from edge_sdk.graph import Activation, Add, Concat, Conv, Copy, Graph, Input, Interleave, Node, Quantize

"""They move values and keep their grid."""


def quantization_points(graph: Graph) -> list[str]:
    """Tensors that are quantized: the input, activations, and everything that a sum reads or gives.

    A convolution followed by an activation is quantized after it; concatenation, padding and interleaving
    keep the scale of their inputs.
    """
    users: dict[str, list[Node]] = {}
    for node in graph:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    points = []
    for node in graph.nodes[:-1]:
        feeds_activation = any(isinstance(user, Activation) for user in users[node.name])
        if isinstance(node, Input | Activation | Add) or (isinstance(node, Conv) and not feeds_activation):
            points.append(node.name)
    return points


def point_behind(graph: Graph, name: str, points: Collection[str]) -> str:
    """The point whose grid a tensor has: its own, or the one that copies brought there."""
    while name not in points:
        name = graph[name].inputs[0]
    return name


def shared_ranges(graph: Graph, points: Iterable[str]) -> dict[str, str]:
    """Point → representative; tensors that are concatenated or interleaved share one range."""
    leader = {name: name for name in points}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for node in graph:
        if isinstance(node, Concat | Interleave):
            first, *others = [find(point_behind(graph, name, leader)) for name in node.inputs]
            for other in others:
                leader[find(other)] = find(first)
    return {name: find(name) for name in leader}


def quantizable_layers(graph: Graph) -> list[str]:
    """The convolutions that compute on integers: all but the head, which gives float logits."""
    return [node.name for node in graph.nodes[:-1] if isinstance(node, Conv)]


def with_weight_scale(conv: Conv, limit: int) -> Conv:
    """The convolution with its weight on a symmetric grid per output channel: no weight is clipped."""
    largest = np.abs(conv.weight).reshape(len(conv.weight), -1).max(axis=1)
    scale = (np.maximum(largest, 1e-8) / limit).astype(np.float32)
    shaped = scale.reshape(-1, 1, 1, 1, 1)
    return replace(conv, weight=(np.rint(conv.weight / shaped) * shaped).astype(np.float32), weight_scale=scale)


def with_quantizers(
    graph: Graph, ranges: Mapping[str, Quantize], weight_limit: int, float_layers: Collection[str] = ()
) -> Graph:
    """The graph with a grid for every tensor that integers are computed from, and per-channel weight scales.

    Args:
        graph: Float deploy form.
        ranges: Quantized tensor → its grid (`quantization.observers`).
        weight_limit: Largest weight integer (63 or 127).
        float_layers: Convolutions that stay float: no weight scale, and their input is the tensor before its grid.
            The head keeps float weights in any case, but reads integers.
    """
    reads = _readings(graph, float_layers)
    nodes: list[Node] = []
    name_of: dict[tuple[str, bool], str] = {}
    for node in graph:
        wanted = reads[node.name]
        if isinstance(node, Copy):
            for on_grid in sorted(wanted, reverse=True):
                name = node.name if len(wanted) == 1 or on_grid else f"{node.name}.float"
                name_of[node.name, on_grid] = name
                nodes.append(replace(node, name=name, inputs=tuple(name_of[each, on_grid] for each in node.inputs)))
            continue
        on_grid = _reads_integers(node, float_layers)
        moved = replace(node, inputs=tuple(name_of[name, on_grid] for name in node.inputs))
        if isinstance(moved, Conv) and on_grid and node is not graph.nodes[-1]:
            moved = with_weight_scale(moved, weight_limit)
        nodes.append(moved)
        name_of[node.name, False] = node.name
        if True in wanted:
            name_of[node.name, True] = f"{node.name}.q"
            nodes.append(replace(ranges[node.name], name=f"{node.name}.q", inputs=(node.name,)))
    meta: dict[str, JsonValue] = {**graph.meta, "weight_limit": weight_limit, "float_layers": [*sorted(float_layers)]}
    return replace(graph, nodes=tuple(nodes), meta=meta)


def _reads_integers(node: Node, float_layers: Collection[str]) -> bool:
    return isinstance(node, Conv | Add) and node.name not in float_layers


def _readings(graph: Graph, float_layers: Collection[str]) -> dict[str, set[bool]]:
    """Tensor → how it is read, through copies: on its grid (True), before it (False), or both ways."""
    reads: dict[str, set[bool]] = {node.name: set() for node in graph}
    for node in reversed(graph.nodes):
        ways = reads[node.name] if isinstance(node, Copy) else {_reads_integers(node, float_layers)}
        for name in node.inputs:
            reads[name] |= ways
    return reads
