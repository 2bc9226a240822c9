"""Volumes in NRRD files (.nrrd, .nhdr); written as LPS, read in the spaces of anatomy that it knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.nrrd import axis_vectors, read_nrrd, write_nrrd
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.file_geometry import checked_grid, number_text, voxels_of
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.notes import volume_with_notes

_SPACES = {
    "left-posterior-superior": (1, 1, 1), "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1), "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1), "las": (1, -1, 1),
}  # fmt: skip


def read_nrrd_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    file = read_nrrd(path)
    fields = file.fields
    voxels = voxels_of(file.pixels, fields | file.values, path)
    signs = _SPACES.get(fields.get("space", "lps").lower())
    if signs is None:
        raise FileFormatError(
            f"space {fields['space'][:40]!r} is not known",
            where=path,
            remedy=f"use one of {', '.join(_SPACES)}",
        )
    affine = np.eye(4)
    try:
        if "space directions" in fields:
            vectors = [vector for vector in axis_vectors(fields["space directions"]) if vector is not None]
            affine[:3, :3] = np.array(vectors[:3]).T
        elif "spacings" in fields:
            affine[:3, :3] = np.diag([float(number) for number in fields["spacings"].split()[-3:]])
        if "space origin" in fields:
            affine[:3, 3] = axis_vectors(fields["space origin"])[0]
    except (ValueError, IndexError):
        raise FileFormatError(
            f"its geometry is not three vectors of three numbers: space directions {fields.get('space directions')}, "
            f"spacings {fields.get('spacings')}, space origin {fields.get('space origin')}",
            where=path,
            remedy="correct the header or export the file again",
        ) from None
    affine = np.diag([*signs, 1]) @ affine
    return volume_with_notes(voxels, checked_grid(affine, voxels.shape, path), fields | file.values)


def write_nrrd_volume(path: Path, grid: Grid, voxels: NDArray[Any], values: Mapping[str, str]) -> None:
    """Write a volume, compressed.

    Args:
        path: File to write, .nrrd or .nhdr.
        grid: Grid of the voxels, in LPS.
        voxels: Gray levels or labels, (D, H, W).
        values: Key/value pairs of the header.
    """
    fields = {
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": " ".join(str(length) for length in voxels.shape[::-1]),
        "space directions": " ".join(_vector(axis) for axis in grid.index_to_world[:3, :3].T),
        "kinds": "domain domain domain",
        "space origin": _vector(grid.origin),
    }
    write_nrrd(path, fields, values, voxels, compressed=True)


def _vector(values: Iterable[float]) -> str:
    return f"({number_text(values).replace(' ', ',')})"
