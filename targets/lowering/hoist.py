"""Element-wise operators before the copies: each convolution then ends in its own activation and grid."""

from __future__ import annotations

from dataclasses import replace

from edge_sdk.graph import Activation, Copy, Graph, Quantize
from targets.lowering.consumers import consumers


def hoist_elementwise(graph: Graph) -> Graph:
    """Move activations and quantizations above `Concat`, `PadStart` and `Interleave`; exact.

    Both act on each value alone with one parameter for the tensor, and every activation and every grid maps
    zero to zero, so they commute with joining, padding and interleaving. Engines fuse them into the
    convolution above, and the copies then move bytes instead of floats.
    """
    while (moved := _hoist_one(graph)) is not None:
        graph = moved
    return graph


def _hoist_one(graph: Graph) -> Graph | None:
    nodes, used_by = graph.nodes, consumers(graph)
    position = {node.name: index for index, node in enumerate(nodes)}
    for index, node in enumerate(nodes):
        if not isinstance(node, Activation | Quantize):
            continue
        at = position[node.inputs[0]]
        copy = nodes[at]
        if not isinstance(copy, Copy) or len(used_by[copy.name]) != 1:
            continue
        above = [
            replace(node, name=f"{node.name}.{number}", inputs=(source,)) for number, source in enumerate(copy.inputs)
        ]
        # The copy takes the element-wise node's name, so that its consumers need no change.
        below = replace(copy, name=node.name, inputs=tuple(each.name for each in above))
        return graph.with_nodes([*nodes[:at], *above, below, *nodes[at + 1 : index], *nodes[index + 1 :]])
    return None
