"""Lowers a package's network again for OpenVINO and ONNX Runtime with this version's exporters.

The network comes from the package's own OpenVINO model; reference, bounds, recipe and accuracy stay, the agreement with
the reference is measured anew. ExecuTorch's program is kept: its lowering needs calibration patches.
Usage: python scripts/refresh_package.py PACKAGE...
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from apps.artifact_facts import copied, with_artifact_facts
from apps.package_graph import graph_of
from edge_sdk.errors import PackageError
from edge_sdk.graph import Conv, Graph
from edge_sdk.packages.package import Package, write_package
from edge_sdk.packages.selftest import run_selftest
from edge_sdk.packages.writer import with_artifact
from targets.lowering.even_weights import HALF
from targets.registry import TARGETS

LOWERED = ("openvino", "onnxruntime")


def refresh(path: Path) -> None:
    """Replace the package.

    Raises:
        PackageError: A new artifact is further from the reference than its bound.
    """
    with Package(path) as package, tempfile.TemporaryDirectory() as scratch:
        graph, manifest = undoubled(graph_of(package)), package.manifest
        files = package.artifact_files()
        recorded = manifest.metrics.get("agreement")
        agreement = dict(recorded) if isinstance(recorded, dict) else {}
        for name in LOWERED:
            if name not in package.targets:
                continue
            folder = Path(scratch) / name
            TARGETS[name].export(graph, folder, manifest.patch, package.selftest_vector.patch)
            with TARGETS[name].open(folder, precision=manifest.precision[name]) as session:
                found = run_selftest(package.selftest_vector, session, manifest.precision[name])
            if not found.passes:
                raise PackageError(f"{name}: {found.failure}", where=path, remedy="keep it as it is")
            agreement[name] = {key: value for key, value in asdict(found).items() if value is not None}
            files = with_artifact(files, name, folder.iterdir())
            print(
                f"{path.name} {name}: max {found.max_error:.3g}, mean {found.mean_error:.3g}, bound {found.bound:.3g}"
            )
        changed = manifest.model_copy(update={"metrics": {**manifest.metrics, "agreement": agreement}})
        copies = copied(files, Path(scratch) / "package")
        changed = with_artifact_facts(changed, Path(scratch) / "package", TARGETS)
        write_package(path, manifest=changed, files=copies, selftest=package.selftest_vector)


def undoubled(graph: Graph) -> Graph:
    """Weight integers as quantization made them: some were doubled for OpenVINO, which its export does again."""
    nodes = []
    for node in graph:
        if isinstance(node, Conv) and node.weight_scale is not None:
            integers = node.integer_weight.astype(np.int16).reshape(len(node.weight), -1)
            doubled = (integers % 2 == 0).all(axis=1) & (np.abs(integers).max(axis=1) > HALF)
            scale = np.where(doubled, 2 * node.weight_scale, node.weight_scale).astype(np.float32)
            nodes.append(replace(node, weight_scale=scale))
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", type=Path)
    for each in parser.parse_args().packages:
        refresh(each)
