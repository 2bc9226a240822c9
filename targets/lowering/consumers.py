"""Who reads what."""

from __future__ import annotations

from collections import defaultdict

from edge_sdk.graph import Graph, Node


def consumers(graph: Graph) -> dict[str, list[Node]]:
    """For every tensor name the nodes that read it, once per use; an empty list for the output."""
    found: dict[str, list[Node]] = defaultdict(list)
    for node in graph:
        for name in node.inputs:
            found[name].append(node)
    return found
