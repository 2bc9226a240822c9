"""Brings packages to the newest schema: what the manifest says about the network, and what the artifacts say.

The manifest gets the orientation and the full scale that the network was trained with, and the oldest version of each
runtime that its artifact needs; ONNX models get their metadata. Graphs, weights, recipe and metrics stay. A package
that says all of this already stays byte for byte.
Usage: python scripts/refresh_manifests.py PACKAGE...
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from apps.artifact_facts import copied, with_artifact_facts
from edge_sdk.errors import PackageError
from edge_sdk.packages.manifest import SCHEMA_VERSION
from edge_sdk.packages.package import Package, write_package
from targets.registry import TARGETS


@dataclass(frozen=True)
class Trained:
    """What a network was trained with.

    Attributes:
        orientation: See `Manifest.orientation`.
        full_scale: See `Normalization.full_scale`.
    """

    orientation: str | None
    full_scale: float | None


TRAINED = {
    "hippocampus-": Trained("RAS", None),
    "phantom-": Trained(None, 255.0),
    "nwire-": Trained(None, 255.0),
}
"""Beginning of a package's name → what its data were: Task04 is stored RAS, the phantoms are 8-bit."""


def refresh(path: Path) -> None:
    """Replace the package by one of the newest schema.

    Raises:
        PackageError: Its name says nothing of its data, or a target fails its self-test.
    """
    trained = next((known for begin, known in TRAINED.items() if path.name.startswith(begin)), None)
    if trained is None:
        raise PackageError("nobody said what it was trained with", where=path, remedy="add it to TRAINED")
    with Package(path) as package, tempfile.TemporaryDirectory() as scratch:
        manifest, vector = package.manifest, package.selftest_vector
        normalization = manifest.normalization.model_copy(update={"full_scale": trained.full_scale})
        changed = manifest.model_copy(
            update={
                "schema_version": SCHEMA_VERSION,
                "orientation": trained.orientation,
                "normalization": normalization,
            }
        )
        files = copied(package.artifact_files(), Path(scratch))
        changed = with_artifact_facts(changed, Path(scratch), TARGETS)
        write_package(path, manifest=changed, files=files, selftest=vector, as_directory=path.is_dir())
    with Package(path) as package:
        for name in package.targets:
            if not (result := package.selftest(name)).passes:
                raise PackageError(f"{name}: {result.failure}", where=path, remedy="restore it")
        print(f"{path.name}: {package.manifest.runtime_minimum}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", type=Path)
    for each in parser.parse_args().packages:
        refresh(each)
