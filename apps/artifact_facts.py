"""What manifest and artifacts say of each other: the oldest runtimes in one, patch and normalization in the others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from edge_sdk.packages.artifact_fields import artifact_fields
from edge_sdk.packages.manifest import Manifest
from edge_sdk.session import Target


def copied(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Copies of a package's files in a folder, which may be changed there.

    Args:
        files: Path inside the package → file.
        folder: Where the copies lie under their paths inside the package.
    """
    copies = {inner: folder / inner for inner in files}
    for inner, copy in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[inner], copy)
    return copies


def with_artifact_facts(manifest: Manifest, folder: Path, targets: Mapping[str, Target]) -> Manifest:
    """The manifest with the oldest runtime of every artifact; the artifacts get the fields of the manifest.

    Args:
        manifest: Manifest of the package.
        folder: Holds the artifacts, each in the folder of its target; they are changed.
        targets: Name → target, of those in the manifest that this installation can export to; others stay as they are.
    """
    fields = artifact_fields(manifest)
    oldest = dict(manifest.runtime_minimum)
    for name in manifest.precision:
        target = targets.get(name)
        if target is None or target.missing() or target.missing_exporter():
            continue
        target.describe(folder / name, fields)
        oldest[name] = target.oldest_runtime(folder / name)
    return manifest.model_copy(update={"runtime_minimum": oldest})
