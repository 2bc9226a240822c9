"""Artifacts that `edge-sdk tune` made for this very device, kept beside the other things found out on it.

A tuned artifact takes the place of the package's own one for the same package, target, threads and version of the
runtime. Its files are checked as a package's are; what is damaged counts as absent.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from edge_sdk.device_memory import cache_folder, device_key
from edge_sdk.files import atomic_path, sha256

PLAN = "plan.json"


@dataclass(frozen=True)
class Tuned:
    """An artifact that takes the place of a package's.

    Attributes:
        folder: Where its files lie.
        precision: For descriptions: "fp32" or "int8", and the plan.
    """

    folder: Path
    precision: str

    @property
    def artifacts(self) -> list[Path]:
        """The artifact's files."""
        return sorted(file for file in self.folder.iterdir() if file.name != PLAN)


def tuned_place(digest: str, target: str, version: str, threads: int | None) -> Path:
    """The folder for a package (by its digest) on a target of this device; it need not be there."""
    return cache_folder() / f"tuned-{device_key(digest, target, version, threads)}"


def find_tuned(place: Path) -> Tuned | None:
    """The artifact in this place, or None where there is none or it is damaged."""
    try:
        plan = json.loads((place / PLAN).read_text())
        if any(sha256(place / name) != digest for name, digest in plan["files"].items()):
            return None
        return Tuned(place, str(plan["precision"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_tuned(place: Path, artifact: Path, precision: str, provenance: Mapping[str, JsonValue]) -> Tuned:
    """Copy an artifact's files into this place, in one step, with how they came about.

    Args:
        place: Folder from `tuned_place`; what lies there is replaced.
        artifact: Folder of the files.
        precision: "fp32" or "int8", and the plan.
        provenance: Name → value of what to keep about the search that found the artifact.

    Raises:
        EdgeSdkError: The folder cannot be written.
    """
    forget_tuned(place)
    with atomic_path(place) as part:
        shutil.copytree(artifact, part)
        files = {file.name: sha256(file) for file in sorted(part.iterdir())}
        plan = {**provenance, "precision": precision, "files": files}
        (part / PLAN).write_text(json.dumps(plan, indent=1))
    return Tuned(place, precision)


def forget_tuned(place: Path) -> None:
    """Remove what is there."""
    shutil.rmtree(place, ignore_errors=True)
