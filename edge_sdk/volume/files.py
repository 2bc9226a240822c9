"""Volumes and label volumes as .mha, .mhd, .nrrd, .nhdr, .nii and .nii.gz, chosen by suffix.

The world of a `Grid` is taken as LPS (ITK's convention) in .mha and .nrrd; NIfTI is RAS and converted at its edge.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.elsewhere import for_other_formats
from edge_sdk.volume.geometry_warnings import geometry_warnings
from edge_sdk.volume.grid import Volume
from edge_sdk.volume.metaimage_volume import read_metaimage_volume, write_metaimage_volume
from edge_sdk.volume.nifti_volume import read_nifti_volume, write_nifti_volume
from edge_sdk.volume.notes import header_notes
from edge_sdk.volume.nrrd_volume import read_nrrd_volume, write_nrrd_volume

SUFFIXES = (".nii.gz", ".nii", ".mha", ".mhd", ".nrrd", ".nhdr")
PAIRS = (".hdr", ".img", ".hdr.gz", ".img.gz")
"""Names of volumes that are refused: a header and its voxels in two files."""


def volume_suffix(path: str | Path) -> str:
    """The volume suffix that `path` ends with.

    Raises:
        FileFormatError: It is none that can be read and written.
    """
    name = Path(path).name.lower()
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return suffix
    if name.endswith(PAIRS):
        raise FileFormatError(
            "is one of a pair of files (NIfTI or ANALYZE), which is not read",
            where=path,
            remedy="convert the pair to one .nii.gz; check left and right, which ANALYZE does not tell",
        )
    raise FileFormatError(
        "is not a volume by its name", where=path, remedy=f"use a name that ends with {', '.join(SUFFIXES)}"
    )


def read_volume(path: str | Path) -> Volume:
    """Read a volume with its geometry.

    Returns:
        Voxels (D, H, W) of the file's type; the grid in LPS mm. `Volume.warnings` tells what is ambiguous about it.

    Raises:
        FileFormatError: Missing, of another format, truncated, not three-dimensional, or a sweep.
    """
    path, suffix = Path(path), volume_suffix(path)
    if not path.is_file():
        raise FileFormatError("there is no such file", where=path, remedy="check the path")
    if suffix in {".mha", ".mhd"}:
        volume = read_metaimage_volume(path)
    else:
        volume = read_nrrd_volume(path) if suffix in {".nrrd", ".nhdr"} else read_nifti_volume(path)
    return replace(volume, warnings=(*volume.warnings, *geometry_warnings(volume)))


def write_volume(volume: Volume, path: str | Path) -> None:
    """Write a volume; the format follows the suffix. Boolean masks become uint8.

    NIfTI files get the geometry fields of the NIfTI image whose grid the volume has; other formats lie where ITK sees
    that image, see `edge_sdk.volume.elsewhere`. .mha and .nrrd files also state how the volume was made, see
    `edge_sdk.volume.notes`; all state its gray range.

    Raises:
        FileFormatError: The suffix is unknown or the voxels' type has no counterpart in the format.
    """
    path, suffix = Path(path), volume_suffix(path)
    voxels = volume.voxels.astype(np.uint8) if volume.voxels.dtype == bool else volume.voxels
    notes = header_notes(volume)
    if suffix in {".mha", ".mhd"}:
        write_metaimage_volume(path, for_other_formats(volume).grid, voxels, notes)
    elif suffix in {".nrrd", ".nhdr"}:
        write_nrrd_volume(path, for_other_formats(volume).grid, voxels, notes)
    else:
        write_nifti_volume(path, volume, voxels)
