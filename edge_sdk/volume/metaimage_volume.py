"""Volumes in MetaImage files (.mha, .mhd); the world is LPS, as ITK has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.metaimage import element_type, read_metaimage, write_metaimage
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.file_geometry import checked_grid, number_text, triple, voxels_of
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.notes import volume_with_notes


def read_metaimage_volume(path: Path) -> Volume:
    """Read a volume; see `edge_sdk.volume.files.read_volume`."""
    image = read_metaimage(path)
    fields = image.fields
    voxels = voxels_of(image.pixels, fields, path)
    count = len(image.dimensions)

    def numbers(names: tuple[str, ...], default: list[float]) -> NDArray[np.float64]:
        text = next((fields[name] for name in names if name in fields), None)
        try:
            values = np.array(default if text is None else text.split(), np.float64)
        except ValueError:
            values = np.array([np.nan])
        if len(values) != len(default) or not np.isfinite(values).all():
            raise FileFormatError(
                f"{names[0]} is {text!r}, expected {len(default)} numbers",
                where=path,
                remedy="correct the header",
            )
        return values

    spacing = numbers(("ElementSpacing", "ElementSize"), [1.0] * count)[:3]
    if not (spacing > 0).all():
        raise FileFormatError(f"ElementSpacing {spacing} is not positive", where=path, remedy="correct the header")
    origin = numbers(("Offset", "Position", "Origin"), [0.0] * count)[:3]
    rows = numbers(("TransformMatrix", "Rotation", "Orientation"), list(np.eye(count).ravel()))
    direction = rows.reshape(count, count)[:3, :3].T.copy()  # a row of the file is the direction of one axis
    depth, height, width = voxels.shape
    grid = Grid((depth, height, width), triple(spacing), triple(origin), direction)
    checked_grid(grid.index_to_world, voxels.shape, path)
    return volume_with_notes(voxels, grid, fields)


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
