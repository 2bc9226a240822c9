"""Volumes in NRRD files (.nrrd, .nhdr); written as LPS, see `edge_sdk.volume.nrrd_geometry` for what is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_sdk.containers.nrrd import read_nrrd, write_nrrd
from edge_sdk.volume.file_geometry import as_3d, checked_grid, number_text, single_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.notes import volume_with_notes
from edge_sdk.volume.nrrd_geometry import nrrd_geometry


def read_nrrd_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    file = read_nrrd(path)
    header = file.fields | file.values
    pixels = single_volume(file.pixels, header, path)
    geometry = nrrd_geometry(file, path)
    voxels = as_3d(pixels.squeeze(tuple(pixels.ndim - 1 - axis for axis in geometry.dropped)), path)
    grid = checked_grid(geometry.place, voxels.shape, path)
    return replace(volume_with_notes(voxels, grid, header), located=geometry.located)


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
