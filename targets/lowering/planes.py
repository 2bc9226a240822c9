"""The one operator that engines without 3D convolutions need besides those of the deploy graph."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sdk.graph import Node


@dataclass(frozen=True, kw_only=True)
class Planes(Node):
    """Output plane i along D is input plane first + step · i, or zeros where there is no such plane."""

    first: int
    step: int
    count: int
