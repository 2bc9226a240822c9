"""Layers of one kind and resolution, which a device computes alike: what a precision plan chooses among."""

from __future__ import annotations

from edge_sdk.graph import Conv, Graph, Triple
from targets.lowering.shapes import tensor_shapes

DEEPEST = 3
"""Resolutions from here on are one group: they take little time."""


def layer_groups(graph: Graph, patch: Triple) -> dict[str, tuple[str, ...]]:
    """Name of a group → its integer convolutions, in the order of the graph.

    Args:
        patch: (D, H, W) of the input.
    """
    shapes = tensor_shapes(graph, patch)
    found: dict[str, list[str]] = {}
    for node in graph:
        if isinstance(node, Conv) and node.weight_scale is not None:
            level = min((patch[0] // shapes[node.inputs[0]][2]).bit_length() - 1, DEEPEST)
            deeper = " and deeper" if level == DEEPEST else ""
            found.setdefault(f"{_kind(node)}, level {level}{deeper}", []).append(node.name)
    return {name: tuple(layers) for name, layers in found.items()}


def _kind(conv: Conv) -> str:
    kernel = conv.weight.shape[2:]
    if max(conv.stride) > 1:
        return "strided"
    if any(size % 2 == 0 for size in kernel):
        return "phases of an up block"
    dilated = "dilated " if max(conv.dilation) > 1 else ""
    return f"{'×'.join(map(str, kernel))} {dilated}{'depthwise' if conv.groups > 1 else 'dense'}"
