"""A joined tensor that is convolved once: convolved branch by branch, and summed; and back."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from math import prod

import numpy as np

from edge_sdk.graph import Add, Concat, Conv, Graph, Node, Quantize
from targets.lowering.consumers import consumers
from targets.lowering.shapes import tensor_shapes

PART = re.compile(r"(?P<conv>.+)/branch(?P<number>\d+) of (?P<join>.+)")


def split_joins(graph: Graph) -> Graph:
    """Each float 1×1×1 convolution of a `Concat` that nothing else reads becomes one convolution for each branch and
    their sum; exact but for the order of the sums.

    The joined tensor is then never written, and engines add a convolution's result where it is written. What lies on
    integer grids stays joined: partial sums would have to be kept in more than 8 bits.
    """
    used_by = consumers(graph)
    joins = {node.name: node for node in graph if isinstance(node, Concat) and _splits(node, graph, used_by[node.name])}
    smallest = (graph.patch_multiple,) * 3
    channels = {name: shape[1] for name, shape in tensor_shapes(graph, smallest).items()} if joins else {}
    nodes: list[Node] = []
    for node in graph:
        if node.name in joins:
            continue
        if isinstance(node, Conv) and node.inputs[0] in joins:
            join = joins[node.inputs[0]]
            nodes += _by_branch(node, join, [channels[name] for name in join.inputs])
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def rejoin(graph: Graph) -> Graph:
    """The graph that `split_joins` was given, from its result; exact."""
    parts: dict[str, dict[int, Conv]] = defaultdict(dict)
    joins: dict[str, str] = {}
    for node in graph:
        if isinstance(node, Conv) and (found := PART.fullmatch(node.name)):
            parts[found["conv"]][int(found["number"])] = node
            joins[found["conv"]] = found["join"]
    nodes: list[Node] = []
    for node in graph:
        whole = node.name.rpartition("/")[0]
        if node.name in parts:
            nodes += _joined(node.name, joins[node.name], [part for _, part in sorted(parts[node.name].items())])
        elif whole not in parts:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _splits(join: Concat, graph: Graph, readers: list[Node]) -> bool:
    on_grid = any(isinstance(graph[name], Quantize) for name in join.inputs)
    return not on_grid and len(readers) == 1 and isinstance(readers[0], Conv) and _is_float_pointwise(readers[0])


def _is_float_pointwise(conv: Conv) -> bool:
    return conv.groups == 1 and conv.weight_scale is None and prod(conv.weight.shape[2:]) == 1


def _by_branch(conv: Conv, join: Concat, widths: list[int]) -> list[Node]:
    """The convolutions of the branches, the first one with the bias, and the sums; the last sum has the name."""
    weights = np.split(conv.weight, np.cumsum(widths)[:-1], axis=1)
    nodes: list[Node] = []
    total = ""
    for number, (branch, weight) in enumerate(zip(join.inputs, weights, strict=True)):
        bias = conv.bias if number == 0 else np.zeros_like(conv.bias)
        part = f"{conv.name}/branch{number} of {join.name}"
        nodes.append(replace(conv, name=part, inputs=(branch,), weight=weight, bias=bias))
        if number == 0:
            total = part
            continue
        last = number == len(widths) - 1
        nodes.append(Add(name=conv.name if last else f"{conv.name}/sum{number}", inputs=(total, part)))
        total = nodes[-1].name
    return nodes


def _joined(name: str, join_name: str, parts: list[Conv]) -> list[Node]:
    join = Concat(name=join_name, inputs=tuple(part.inputs[0] for part in parts))
    weight = np.concatenate([part.weight for part in parts], axis=1)
    return [join, replace(parts[0], name=name, inputs=(join.name,), weight=weight)]
