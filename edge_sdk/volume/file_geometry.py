"""Geometry of volumes in files, checked: a damaged header may say anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.frame_keys import frame_numbers
from edge_sdk.errors import FileFormatError
from edge_sdk.volume.grid import Grid

_INDEX = re.compile(r"axis [0-9]{1,2} index (type|values)")
_FARTHEST, _FLATTEST = 1e9, 1e-6
"""mm, and the volume of three axes of length one, beyond which a geometry is damaged."""


def grid_from_affine(affine: NDArray[np.float64], shape: tuple[int, ...]) -> Grid:
    """Grid of voxels (D, H, W) from a 4×4 matrix of index (x, y, z) to mm."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    depth, height, width = shape
    return Grid((depth, height, width), triple(spacing), triple(affine[:3, 3]), affine[:3, :3] / spacing)


def checked_grid(affine: NDArray[np.float64], shape: tuple[int, ...], path: Path) -> Grid:
    """`grid_from_affine` of a matrix that a file gives, which may be none of a grid.

    Raises:
        FileFormatError: It is not finite, or its axes lie in a plane.
    """
    spacing = np.abs(affine[:3, :3]).max(0)
    sound = np.isfinite(affine).all() and np.abs(affine).max() < _FARTHEST and spacing.min() > 1 / _FARTHEST
    if not sound or abs(np.linalg.det(affine[:3, :3] / spacing)) < _FLATTEST:
        raise FileFormatError(
            f"its axes do not span space: index to world is {affine[:3].ravel().tolist()}",
            where=path,
            remedy="correct its geometry or export it again",
        )
    return grid_from_affine(affine, shape)


def single_volume(pixels: NDArray[Any] | None, fields: Mapping[str, str], path: Path) -> NDArray[Any]:
    """Pixels of a file, unless it turns out to be a sweep.

    Args:
        pixels: Slowest axis first, or None.
        fields: Fields of the file's header.
        path: Named in errors.

    Raises:
        FileFormatError: It is a sweep, or has no voxels.
    """
    frames = frame_numbers(fields)
    kinds = fields.get("Kinds", fields.get("kinds", "")).lower().split()
    # PLUS writes reconstructed volumes with fields of one frame; 3D Slicer numbers an axis of frames.
    marked = bool(frames) or any(_INDEX.fullmatch(key) for key in fields)
    if len(frames) > 1 or (marked and (pixels is None or {"list", "time"} & {*kinds})):
        raise FileFormatError(
            "is a tracked sweep, not a volume", where=path, remedy="make a volume of it with reconstruct"
        )
    if pixels is None:
        raise FileFormatError("holds no voxels", where=path, remedy="give a single gray or label volume")
    return pixels


def as_3d(voxels: NDArray[Any], path: Path) -> NDArray[Any]:
    """Voxels (D, H, W); leading axes of length one are dropped.

    Raises:
        FileFormatError: There are not three axes, or a voxel is not one real number.
    """
    while voxels.ndim > 3 and voxels.shape[0] == 1:
        voxels = voxels[0]
    if voxels.ndim != 3 or 0 in voxels.shape or voxels.dtype.kind not in "uif" or voxels.itemsize > 8:
        raise FileFormatError(
            f"holds an array of shape {voxels.shape} (slowest axis first) of {voxels.dtype}, "
            "expected (D, H, W) of numbers",
            where=path,
            remedy="give a single gray or label volume",
        )
    return voxels


def triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Three numbers as a tuple."""
    x, y, z = (float(value) for value in values)
    return x, y, z


def number_text(values: Iterable[float]) -> str:
    """Numbers as text that reads back as the same, with blanks between them."""
    return " ".join(f"{float(value):.17g}" if float(value) != int(value) else str(int(value)) for value in values)
