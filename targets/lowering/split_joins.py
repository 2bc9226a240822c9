"""A joined tensor that is convolved once: convolved branch by branch, and summed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.graph import Add, Concat, Conv, Graph, Node
from targets.lowering.consumers import consumers


def split_joins(graph: Graph) -> Graph:
    """Each float 1×1×1 convolution of a `Concat` that nothing else reads becomes one convolution for each branch and
    their sum; exact but for the order of the sums.

    The joined tensor is then never written, and engines add a convolution's result where it is written. Convolutions
    on integer grids stay: their partial sums would have to be kept in more than 8 bits.
    """
    used_by = consumers(graph)
    joins = {
        node.name: node
        for node in graph
        if isinstance(node, Concat) and len(used_by[node.name]) == 1 and _splits(used_by[node.name][0])
    }
    widths: dict[str, int] = {}
    nodes: list[Node] = []
    for node in graph:
        match node:
            case Conv():
                widths[node.name] = len(node.weight)
            case Concat():
                widths[node.name] = sum(widths[name] for name in node.inputs)
            case _:
                widths[node.name] = widths[node.inputs[0]] if node.inputs else graph.in_channels
        if node.name in joins:
            continue
        if isinstance(node, Conv) and node.inputs[0] in joins:
            branches = joins[node.inputs[0]].inputs
            nodes += _by_branch(node, branches, [widths[name] for name in branches])
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _splits(node: Node) -> bool:
    return isinstance(node, Conv) and node.groups == 1 and node.weight_scale is None and node.weight[0, 0].size == 1


def _by_branch(conv: Conv, branches: tuple[str, ...], widths: list[int]) -> list[Node]:
    """The convolutions of the branches, the first one with the bias, and the sums; the last sum has the name."""
    weights = np.split(conv.weight, np.cumsum(widths)[:-1], axis=1)
    nodes: list[Node] = []
    total = ""
    for number, (branch, weight) in enumerate(zip(branches, weights, strict=True)):
        bias = conv.bias if number == 0 else np.zeros_like(conv.bias)
        part = f"{conv.name}/branch{number}"
        nodes.append(replace(conv, name=part, inputs=(branch,), weight=weight, bias=bias))
        if number == 0:
            total = part
            continue
        last = number == len(branches) - 1
        nodes.append(Add(name=conv.name if last else f"{conv.name}/sum{number}", inputs=(total, part)))
        total = nodes[-1].name
    return nodes
