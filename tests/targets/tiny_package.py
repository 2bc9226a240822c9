"""A small network, packaged for real runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sdk.network.graph_module import run_graph
from edge_sdk.packages.manifest import Manifest, TrainingData
from edge_sdk.packages.package import write_package
from edge_sdk.packages.selftest import SelfTestVector, compact_patch
from targets.registry import TARGETS
from tests.targets.graphs import random_patch, tiny_graph

SHAPE = (8, 8, 8)


def tiny_package(folder: Path, *names: str) -> Path:
    """Write tiny.edgepkg into `folder`, in INT8 for the targets of these names."""
    graph = tiny_graph()
    for name in names:
        TARGETS[name].export(graph, folder / name, SHAPE, random_patch(1, SHAPE))
    patch = compact_patch(random_patch(1, SHAPE, seed=1))
    reference = run_graph(graph, patch)
    manifest = Manifest(
        name="tiny",
        variant="T",
        labels={index: f"class {index}" for index in range(reference.shape[1])},
        patch=SHAPE,
        patch_multiple=graph.patch_multiple,
        output_stride=SHAPE[0] // reference.shape[2],
        spacing_mm=(1.0, 1.0, 1.0),
        precision=dict.fromkeys(names, "int8"),
        training_data=TrainingData(name="none: random weights", license="none", cases=0),
    )
    bound = 0.1 * float(np.abs(reference).max())
    return write_package(
        folder / "tiny.edgepkg",
        manifest=manifest,
        files={path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()},
        selftest=SelfTestVector(patch, reference, dict.fromkeys(names, bound)),
    )
