"""Whether a package's files are all there, and unaltered."""

from __future__ import annotations

from pathlib import Path

from edge_sdk.errors import PackageError
from edge_sdk.files import sha256
from edge_sdk.packages.manifest import NAME, SELFTEST, Manifest

_REMEDY = "get the package again from its source"


def read_manifest_bytes(folder: Path, *, where: object) -> bytes:
    """The bytes of `manifest.json`.

    Raises:
        PackageError: The file is missing.
    """
    try:
        return (folder / NAME).read_bytes()
    except OSError as cause:
        raise PackageError(f"{NAME} is missing", where=where, remedy="give an .edgepkg") from cause


def check_files(folder: Path, manifest: Manifest, *, where: object) -> None:
    """Check that the folder holds the manifest's files with their hashes, no others, and all that a package needs.

    Raises:
        PackageError: A file is missing, altered or unknown; it is named.
    """
    found = {item.relative_to(folder).as_posix() for item in folder.rglob("*") if not item.is_dir()} - {NAME}
    if unknown := sorted(found - set(manifest.files)):
        raise PackageError(f"{unknown[0]} is not in the manifest", where=where, remedy="remove the file, or " + _REMEDY)
    for inner, expected in manifest.files.items():
        if inner not in found:
            raise PackageError(f"{inner} is missing", where=where, remedy=_REMEDY)
        if sha256(folder / inner) != expected:
            raise PackageError(f"{inner} was altered: its SHA-256 is not the manifest's", where=where, remedy=_REMEDY)
    for needed in (SELFTEST, *(f"{target}/" for target in manifest.precision)):
        if not any(inner == needed or inner.startswith(needed) for inner in manifest.files):
            raise PackageError(f"{needed} is missing", where=where, remedy=_REMEDY)
