"""Volumes to another spacing, and masks back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import Grid, Volume

Spacing = tuple[float, float, float]

# A difference in size that no network notices; resampling would cost sharpness for nothing.
TOLERANCE = 0.01


def same_spacing(grid: Grid, spacing: Spacing) -> bool:
    """Whether a grid's spacing (x, y, z) is within 1 % of another."""
    return bool(np.all(np.abs(np.divide(grid.spacing, spacing) - 1.0) <= TOLERANCE))


def resample(volume: Volume, spacing: Spacing) -> Volume:
    """Linear resampling to `spacing` (x, y, z) mm on a grid with the same middle and, to a voxel, the same extent.

    Coarser grids average over what a voxel covers; beyond the volume its border is repeated.

    Returns:
        float32 voxels on the new grid.
    """
    old = volume.grid
    scale = np.divide(spacing, old.nominal_spacing)[::-1]
    grid = resampled_grid(old, spacing)
    voxels = volume.voxels.astype(np.float32)
    for axis in range(3):
        centers = _centers(grid.shape[axis], old.shape[axis], float(scale[axis]))
        matrix = _tents(centers, old.shape[axis], float(scale[axis]))
        voxels = np.moveaxis(np.tensordot(matrix, voxels, axes=(1, axis)), 0, axis)
    return replace(volume, voxels=np.ascontiguousarray(voxels), grid=grid, meta=dict(volume.meta))


def resampled_grid(old: Grid, spacing: Spacing) -> Grid:
    """The grid that `resample` makes of a volume on `old` at `spacing` (x, y, z) mm."""
    scale = np.divide(spacing, old.nominal_spacing)[::-1]
    shape = np.maximum(np.rint(np.array(old.shape) / scale), 1).astype(int)
    first = [_centers(int(shape[axis]), old.shape[axis], float(scale[axis]))[0] for axis in (2, 1, 0)]
    origin = old.index_to_world @ np.array([*first, 1.0])
    return Grid(
        (int(shape[0]), int(shape[1]), int(shape[2])),
        spacing,
        (float(origin[0]), float(origin[1]), float(origin[2])),
        old.direction,
    )


def nearest_on(mask: Volume, grid: Grid) -> NDArray[np.uint8]:
    """Labels (D, H, W) at the voxel centers of the grid that `resample` was given, from those on the grid it made."""
    labels: NDArray[np.uint8] = mask.voxels
    scale = np.divide(grid.nominal_spacing, mask.grid.spacing)[::-1]
    for axis in range(3):
        size = mask.grid.shape[axis]
        places = np.rint(_centers(grid.shape[axis], size, float(scale[axis])))
        labels = np.take(labels, np.clip(places, 0, size - 1).astype(np.int64), axis=axis)
    return labels


def _centers(count: int, other_count: int, scale: float) -> NDArray[np.float64]:
    """Indices, along the other axis, of `count` voxels that are `scale` of its voxels apart around its middle."""
    steps = np.arange(count, dtype=np.float64)
    return (steps - (count - 1) / 2.0) * scale + (other_count - 1) / 2.0


def _tents(centers: NDArray[np.float64], size: int, scale: float) -> NDArray[np.float32]:
    """(len(centers), size) matrix of tent filters, as wide as the coarser of the two grids."""
    distance = np.abs(np.clip(centers, 0, size - 1)[:, None] - np.arange(size)[None, :])
    weights = np.maximum(1.0 - distance / max(scale, 1.0), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
