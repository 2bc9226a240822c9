"""The geometry of MetaImage headers, as ITK's reader (MetaIO) takes it; the world is LPS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.metaimage import MetaImage
from edge_sdk.data_warning import DataWarning
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.file_geometry import checked_grid, triple
from edge_sdk.volume.grid import Grid

_SPACINGS = ("ElementSpacing", "ElementSize")
"""ElementSize, how large the part of a voxel is that was sampled, only stands in for an absent ElementSpacing."""
_ORIGINS = ("Offset", "Position", "Origin")
_MATRICES = ("TransformMatrix", "Rotation", "Orientation")
_MM = {"mm", "?", ""}
_ALONG_LPS = {"RAI", "LPS"}
"""AnatomicalOrientation of axes along LPS: by the sides that they come from, or by those that they go to."""
_UNIT_LENGTH = 1e-4


@dataclass(frozen=True)
class MetaImageGeometry:
    """Where the voxels of a file lie.

    Attributes:
        grid: Grid of the voxels.
        located: Whether the file says how the axes lie.
        warnings: What is ambiguous about it.
    """

    grid: Grid
    located: bool
    warnings: tuple[DataWarning, ...]


def metaimage_geometry(image: MetaImage, shape: tuple[int, ...], path: Path) -> MetaImageGeometry:
    """Read the geometry of a volume.

    Args:
        image: Header of the volume; its pixels are not looked at.
        shape: Voxels (D, H, W), without the slow axes of one sample that `image.dimensions` may have.
        path: Named in errors.

    Raises:
        FileFormatError: Numbers that are none, synonymous fields that contradict each other, a unit other than mm, or
            axes that do not span space.
    """
    unit = image.fields.get("DistanceUnits", "mm")
    if unit.strip().lower() not in _MM:
        raise FileFormatError(
            f"DistanceUnits is {unit[:40]!r}, expected mm",
            where=path,
            remedy="give the header's lengths in mm, which is what ITK and 3D Slicer take them for",
        )
    count = len(image.dimensions)
    steps = _numbers(image, _SPACINGS[:1] if _SPACINGS[0] in image.fields else _SPACINGS[1:], np.ones(count), path)
    if not steps.all():
        raise FileFormatError(f"ElementSpacing {steps} holds a zero", where=path, remedy="correct the header")
    origin = _numbers(image, _ORIGINS, np.zeros(count), path)
    # A row of the file is the direction of one axis.
    matrix = _numbers(image, _MATRICES, np.eye(count).ravel(), path).reshape(count, count).T
    if matrix[3:, :3].any() or matrix[:3, 3:].any():
        raise FileFormatError(
            "TransformMatrix turns axes of space into further ones", where=path, remedy="export one volume"
        )
    # ITK turns the axis round where the spacing is negative.
    direction, spacing = matrix[:3, :3] * np.sign(steps[:3]), np.abs(steps[:3])
    lengths = np.linalg.norm(direction, axis=0)
    if np.abs(lengths - 1).max() > _UNIT_LENGTH and lengths.all():
        direction, spacing = direction / lengths, spacing * lengths
    depth, height, width = shape
    grid = Grid((depth, height, width), triple(spacing), triple(origin[:3]), direction.copy())
    checked_grid(grid.index_to_world, shape, path)
    return MetaImageGeometry(grid, *_orientation(image))


def _orientation(image: MetaImage) -> tuple[bool, tuple[DataWarning, ...]]:
    """Whether the axes' directions are known, and what to say of AnatomicalOrientation without a matrix."""
    if any(name in image.fields for name in _MATRICES):
        return True, ()
    letters = image.fields.get("AnatomicalOrientation", "").upper()
    if letters in _ALONG_LPS:
        return True, ()
    if len(letters) != 3 or not letters.isalpha():
        return False, ()
    warning = DataWarning(
        f"AnatomicalOrientation is {letters} and there is no TransformMatrix: the axes are taken along LPS, as ITK and "
        "3D Slicer do, which do not look at AnatomicalOrientation",
        "a header written by hand or by an old program",
        "write a TransformMatrix",
    )
    return False, (warning,)


def _numbers(image: MetaImage, names: tuple[str, ...], default: NDArray[np.float64], path: Path) -> NDArray[np.float64]:
    """Numbers of the fields of these names, which mean the same; `default` where none is there."""
    found: list[NDArray[np.float64]] = []
    for name in names:
        if name not in image.fields:
            continue
        text = image.fields[name]
        try:
            values = np.array(text.split(), np.float64)
        except ValueError:
            values = np.array([np.nan])
        if len(values) != len(default) or not np.isfinite(values).all():
            raise FileFormatError(
                f"{name} is {text!r}, expected {len(default)} numbers", where=path, remedy="correct the header"
            )
        found.append(values)
    if any(not np.array_equal(found[0], other) for other in found[1:]):
        raise FileFormatError(
            f"{' and '.join(name for name in names if name in image.fields)} mean the same and differ",
            where=path,
            remedy="leave the right one in the header",
        )
    return found[0] if found else default
