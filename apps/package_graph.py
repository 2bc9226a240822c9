"""The network of a package as a deploy graph."""

from __future__ import annotations

from pathlib import Path

from edge_sdk.errors import TargetError
from edge_sdk.graph import Graph
from edge_sdk.packages.package import Package

HOLDER = "openvino"


def graph_of(package: Package, folder: Path | None = None) -> Graph:
    """The deploy graph that a package was exported from, as its OpenVINO model holds it.

    Args:
        package: What the graph is read from.
        folder: Folder of another OpenVINO model of this package, such as a tuned one; None for its own.

    Raises:
        TargetError: It has no OpenVINO model, or OpenVINO is not installed.
    """
    if HOLDER not in package.targets:
        raise TargetError(
            f"holds no {HOLDER} model, from which the network is read",
            where=package.source,
            remedy=f"export it with --target {HOLDER} as well",
        )
    package.target(HOLDER)
    from targets.openvino.graph import read_graph

    manifest = package.manifest
    return read_graph(
        (folder or package.folder / HOLDER) / "model.xml",
        patch_multiple=manifest.patch_multiple,
        output_stride=manifest.output_stride,
        meta={},
    )
