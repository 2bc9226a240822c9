"""The grid that a set of frames needs, and whether it fits in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid

BYTES_PER_VOXEL = 13
"""Of a reconstruction with the default settings, see `ReconstructionSettings.bytes_per_voxel`."""
_USABLE_SHARE = 0.8
_LARGEST_AXIS = 2.0**62
_NEGLIGIBLE = 1 / 1024
"""Voxels that a frame may lie beyond the last one and still be inserted, see `InsertionRules.slack`."""


def grid_for(
    poses: NDArray[np.float64],
    image_shape: tuple[int, int],
    spacing: float | Sequence[float],
    *,
    clip: ClipRegion | None = None,
    memory_limit: int | None = None,
    bytes_per_voxel: int = BYTES_PER_VOXEL,
    reaching: bool = False,
) -> Grid:
    """The smallest grid, along the world's axes, that holds the clipped frames.

    The rule is PLUS's: the corner pixels' centers bound the volume, and an axis has round(range / spacing) + 1 voxels.
    So it may end half a voxel before the last frame, and linear interpolation leaves out what lies beyond.

    Args:
        poses: (N, 4, 4) pixel to mm; only usable ones.
        image_shape: (H, W) of the frames.
        spacing: mm per voxel, one number or (x, y, z).
        clip: Pixels that are inserted; all if None.
        memory_limit: Bytes that compounding may take; what the machine has free if None.
        bytes_per_voxel: Bytes that compounding takes for each voxel.
        reaching: Let no axis end before the last frame: round up instead.

    Raises:
        GeometryError: The spacing is not positive, there is no pose, or the volume would not fit in memory.
    """
    step = np.broadcast_to(np.asarray(spacing, np.float64), 3)
    if not (np.isfinite(step).all() and (step > 0).all()):
        raise GeometryError(f"spacing {spacing} must be positive millimeters", remedy="give for example 0.5")
    poses = np.asarray(poses, np.float64)
    if poses.ndim != 3 or len(poses) == 0 or not np.isfinite(poses).all():
        raise GeometryError("there is no usable pose to derive the volume's extent from", remedy="check the tracking")
    left, right, top, bottom = (clip or ClipRegion()).bounds(image_shape)
    corners = np.array([[left, top, 0, 1], [left, bottom, 0, 1], [right, top, 0, 1], [right, bottom, 0, 1]])
    points = (poses @ corners.T)[:, :3]
    first, last = points.min((0, 2)), points.max((0, 2))
    lengths = (last - first) / step
    rounded = np.ceil(lengths - _NEGLIGIBLE) if reaching else np.floor(lengths + 0.5)
    counts = np.minimum(rounded + 1, _LARGEST_AXIS)
    grid = Grid(_shape(counts), _triple(step), _triple(first))
    check_memory(grid, memory_limit=memory_limit, bytes_per_voxel=bytes_per_voxel)
    return grid


def grid_from_extent(
    extent: tuple[int, int, int, int, int, int],
    spacing: tuple[float, float, float],
    origin: tuple[float, float, float],
) -> Grid:
    """The grid of PLUS's OutputExtent (x0, x1, y0, y1, z0, z1), whose index 0 lies at OutputOrigin.

    Raises:
        GeometryError: An axis ends before it begins.
    """
    first, last = np.array(extent[0::2]), np.array(extent[1::2])
    if (last < first).any():
        raise GeometryError(f"OutputExtent {extent} ends before it begins", remedy="give x0 x1 y0 y1 z0 z1")
    return Grid(_shape(last - first + 1), spacing, _triple(np.array(origin) + first * np.array(spacing)))


def check_memory(grid: Grid, *, memory_limit: int | None = None, bytes_per_voxel: int = BYTES_PER_VOXEL) -> None:
    """Refuse a volume that would not fit, before anything is allocated.

    Raises:
        GeometryError: Too large; names the spacing that would fit.
    """
    if memory_limit is None:
        memory_limit = usable_memory()
    needed = memory_needed(grid, bytes_per_voxel)
    if needed <= memory_limit:
        return
    fits = _spacing_that_fits(grid, memory_limit // bytes_per_voxel)
    width, height, depth = grid.shape[::-1]
    raise GeometryError(
        f"a volume of {width}×{height}×{depth} voxels at {_mm(grid.spacing)} mm needs {size_text(needed)} of memory, "
        f"{size_text(memory_limit)} may be used",
        remedy=f"use a spacing of at least {fits:g} mm or clip the frames",
    )


def memory_needed(grid: Grid, bytes_per_voxel: int = BYTES_PER_VOXEL) -> int:
    """Bytes that compounding into this grid takes, reading out and hole filling included."""
    return math.prod(grid.shape) * bytes_per_voxel


def usable_memory() -> int:
    """Bytes that a volume may take: most of what the machine has free."""
    import psutil

    available = psutil.virtual_memory().available
    if hasattr(psutil, "RLIMIT_AS"):
        process = psutil.Process()
        limit, _ = process.rlimit(psutil.RLIMIT_AS)
        if limit != psutil.RLIM_INFINITY:
            available = min(available, max(limit - process.memory_info().vms, 0))
    return int(available * _USABLE_SHARE)


def _spacing_that_fits(grid: Grid, voxels: int) -> float:
    """The finest of the spacings in hundredths of a millimeter, about, with which the grid has at most `voxels`."""
    lengths = (np.array(grid.shape[::-1]) - 1.0) * np.array(grid.spacing)
    spacing = max(0.01, float(np.prod(np.maximum(lengths, 1e-9)) / max(voxels, 1)) ** (1 / 3))
    while np.prod(np.floor(lengths / spacing + 0.5) + 1) > voxels and spacing < lengths.max():
        spacing *= 1.02
    return float(math.ceil(spacing * 100) / 100)


def _shape(counts: NDArray[np.float64]) -> tuple[int, int, int]:
    x, y, z = (int(count) for count in counts)
    return z, y, x


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _mm(spacing: tuple[float, float, float]) -> str:
    return f"{spacing[0]:g}" if len(set(spacing)) == 1 else " × ".join(f"{step:g}" for step in spacing)


def size_text(count: float) -> str:
    """Bytes as people read them."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:.1f} MiB"
