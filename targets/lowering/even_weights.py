"""Weights that a kernel may halve without loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.graph import Conv, Copy, Graph, Node, Quantize

HALF = 63


def even_weights(graph: Graph) -> Graph:
    """Half the weight scale, so twice the integers, of convolutions that read a signed grid; exact.

    oneDNN halves the int8 weights of convolutions with int8 input where the CPU has no VNNI instructions, to keep
    sums of products from overflowing. Even integers come out of that unharmed; the others lose their lowest bit.
    Convolutions whose integers exceed ±63 have no room for this and stay as they are. So do those that oneDNN's
    1×1×1 kernel runs, for it does not halve: twice the integers would overflow there.
    """
    signed: dict[str, bool] = {}
    nodes: list[Node] = []
    for node in graph:
        if isinstance(node, Quantize):
            signed[node.name] = node.low < 0
        elif isinstance(node, Copy):
            signed[node.name] = any(signed[name] for name in node.inputs)
        else:
            signed[node.name] = False
        if isinstance(node, Conv) and _halved(node) and signed[node.inputs[0]] and node.weight_scale is not None:
            small = np.abs(node.integer_weight.astype(np.int16)).max(axis=(1, 2, 3, 4)) <= HALF
            scale = np.where(small, node.weight_scale / 2, node.weight_scale).astype(np.float32)
            nodes.append(replace(node, weight_scale=scale))
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _halved(conv: Conv) -> bool:
    """Whether oneDNN runs it by a kernel that halves."""
    pointwise = conv.groups == 1 and conv.weight.shape[2:] == (1, 1, 1) and conv.stride == (1, 1, 1)
    return not pointwise
