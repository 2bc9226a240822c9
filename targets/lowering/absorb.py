"""ReLU inside the grid that follows it."""

from __future__ import annotations

from dataclasses import replace

from edge_sdk.graph import Activation, Graph, Node, Quantize
from targets.lowering.consumers import consumers


def absorb_relu(graph: Graph) -> Graph:
    """Remove every ReLU whose only consumer is a `Quantize` that starts at zero; exact.

    Such a grid clips negative values to zero itself, so the convolution's integer output is all that is left.
    """
    used_by = consumers(graph)
    by_name = {node.name: node for node in graph}
    nodes: list[Node] = []
    absorbed: set[str] = set()
    for node in graph:
        if isinstance(node, Quantize) and node.zero_point == node.low:
            above = by_name[node.inputs[0]]
            if isinstance(above, Activation) and above.kind == "relu" and len(used_by[above.name]) == 1:
                absorbed.add(above.name)
                nodes.append(replace(node, inputs=above.inputs))
                continue
        nodes.append(node)
    return graph.with_nodes([node for node in nodes if node.name not in absorbed])
