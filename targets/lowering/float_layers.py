"""Layers that compute in float on the values of the integer grids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edge_sdk.graph import Conv, Graph


def with_float_layers(graph: Graph, layers: Collection[str]) -> Graph:
    """The graph with float arithmetic in the convolutions of these names; the values stay the same.

    Weights and activations keep their grids, so that the graph's accuracy does not depend on which layers are float:
    only where a device computes them does.
    """
    return graph.with_nodes(
        [replace(node, weight_scale=None) if isinstance(node, Conv) and node.name in layers else node for node in graph]
    )
