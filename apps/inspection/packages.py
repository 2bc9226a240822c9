"""What a package holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_sdk.packages.package import Package


def describe_package(package: Package) -> dict[str, Any]:
    """The manifest, the targets as they stand on this device, and the files with their sizes."""
    from edge_sdk.packages.target_choice import known_targets

    manifest = package.manifest
    known = known_targets()
    sizes = {inner: (package.folder / inner).stat().st_size for inner in manifest.files}
    targets = []
    for name, precision in manifest.precision.items():
        problem = known[name].missing() if name in known else "not known to this installation"
        targets.append(
            {
                "target": name,
                "precision": precision,
                "bytes": sum(size for inner, size in sizes.items() if inner.startswith(f"{name}/")),
                "here": problem or f"version {known[name].version()}",
            }
        )
    said = manifest.model_dump(mode="json", by_alias=True, exclude={"files", "precision", "checksum"})
    return {
        "kind": "package",
        "integrity": "every hash is right",
        "digest": package.digest,
        "package_bytes": _size(package.source),
        **said,
        "targets": targets,
        "files": [{"file": inner, "bytes": sizes[inner], "sha256": digest} for inner, digest in manifest.files.items()],
    }


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
