"""What a package holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_sdk.packages.manifest import Manifest
    from edge_sdk.packages.package import Package


@dataclass(frozen=True)
class HeldTarget:
    """A target that a package holds.

    Attributes:
        target: Its name.
        precision: "int8" or "fp32".
        bytes: Size of its files.
        here: Version of its runtime on this device, or why it cannot run here.
    """

    target: str
    precision: str
    bytes: int
    here: str


@dataclass(frozen=True)
class HeldFile:
    """A file of a package: its path inside, its size and its SHA-256."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class PackageDescription:
    """What a package holds.

    Attributes:
        digest: SHA-256 of the manifest: the package's identity.
        package_bytes: Size of the package.
        manifest: What it says about itself.
        targets: The targets as they stand on this device.
        files: Every file but the manifest.
    """

    digest: str
    package_bytes: int
    manifest: Manifest
    targets: list[HeldTarget]
    files: list[HeldFile]

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        return {
            "kind": "package",
            "integrity": "every hash is right",
            "digest": self.digest,
            "package_bytes": self.package_bytes,
            **self.manifest.model_dump(mode="json", by_alias=True, exclude={"files", "precision", "checksum"}),
            "targets": [vars(target) for target in self.targets],
            "files": [vars(file) for file in self.files],
        }


def describe_package(package: Package) -> PackageDescription:
    """The manifest, the targets as they stand on this device, and the files with their sizes."""
    from edge_sdk.packages.target_choice import known_targets

    manifest = package.manifest
    known = known_targets()
    sizes = {inner: (package.folder / inner).stat().st_size for inner in manifest.files}
    targets = []
    for name, precision in manifest.precision.items():
        problem = known[name].missing() if name in known else "not known to this installation"
        size = sum(size for inner, size in sizes.items() if inner.startswith(f"{name}/"))
        targets.append(HeldTarget(name, precision, size, problem or f"version {known[name].version()}"))
    files = [HeldFile(inner, sizes[inner], digest) for inner, digest in manifest.files.items()]
    return PackageDescription(package.digest, _size(package.source), manifest, targets, files)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
