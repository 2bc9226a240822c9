"""Volumes in MetaImage files (.mha, .mhd); the world is LPS, as ITK has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_sdk.containers.metaimage import element_type, read_metaimage, write_metaimage
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.file_geometry import as_3d, number_text, single_volume
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.metaimage_geometry import metaimage_geometry
from edge_sdk.volume.notes import volume_with_notes


def read_metaimage_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    image = read_metaimage(path)
    pixels = single_volume(image.pixels, image.fields, path)
    if pixels.ndim > len(image.dimensions):
        raise FileFormatError(
            f"has {pixels.shape[-1]} channels", where=path, remedy="give a single gray or label volume"
        )
    voxels = as_3d(pixels, path)
    geometry = metaimage_geometry(image, voxels.shape, path)
    volume = volume_with_notes(voxels, geometry.grid, image.fields)
    return replace(volume, located=geometry.located, warnings=geometry.warnings)


def write_metaimage_volume(path: Path, grid: Grid, voxels: NDArray[Any], values: Mapping[str, str]) -> None:
    """Write a volume, compressed.

    Args:
        path: File to write, .mha or .mhd.
        grid: Grid of the voxels, in LPS.
        voxels: Gray levels or labels, (D, H, W).
        values: Further fields of the header.
    """
    fields = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": str(voxels.dtype.str[0] == ">"),
        "CompressedData": "",
        "CompressedDataSize": "",
        "TransformMatrix": number_text(grid.direction.T.ravel()),
        "Offset": number_text(grid.origin),
        "CenterOfRotation": "0 0 0",
        "ElementSpacing": number_text(grid.spacing),
        "DimSize": " ".join(str(length) for length in voxels.shape[::-1]),
        "ElementType": element_type(voxels.dtype),
        **values,
    }
    write_metaimage(path, fields, voxels, compressed=True)
