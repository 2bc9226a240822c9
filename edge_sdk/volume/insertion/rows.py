"""Which pixels of an image row reach the owned voxels; shared by all kernels.

Positions are integers with `bits` fractional bits, so a row is stepped without rounding drift and the range of pixels
inside is known exactly before the inner loop. With 14 bits this is the arithmetic of PLUS's "Optimization FULL"
(PlusToolkit/IGSIO, BSD-3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.insertion.compilation import kernel


@kernel
def inside(p, step, low, high, start, stop):  # type: ignore[no-untyped-def]
    """The part of [start, stop) where low <= p + x · step <= high."""
    if step == 0:
        return (start, stop) if low <= p <= high else (start, start)
    if step > 0:
        first, last = -((p - low) // step), (high - p) // step
    else:
        first, last = -((high - p) // -step), (p - low) // -step
    start, stop = max(start, first), min(stop, last + 1)
    return start, max(start, stop)


@kernel
def row_part(matrix, row, low, high, start, stop):  # type: ignore[no-untyped-def]
    """Where the row begins, (x, y, z), and the part of [start, stop) whose positions lie in [low, high]."""
    px = matrix[0, 2] + row * matrix[0, 1]
    py = matrix[1, 2] + row * matrix[1, 1]
    pz = matrix[2, 2] + row * matrix[2, 1]
    start, stop = inside(px, matrix[0, 0], low[0], high[0], start, stop)
    start, stop = inside(py, matrix[1, 0], low[1], high[1], start, stop)
    start, stop = inside(pz, matrix[2, 0], low[2], high[2], start, stop)
    return px, py, pz, start, stop


@kernel
def grow(box, x, y, z):  # type: ignore[no-untyped-def]
    """Let `box` (start z, y, x, stop z, y, x) hold a voxel."""
    box[0], box[3] = min(box[0], z), max(box[3], z + 1)
    box[1], box[4] = min(box[1], y), max(box[4], y + 1)
    box[2], box[5] = min(box[2], x), max(box[5], x + 1)


@kernel
def grow_along(box, px, py, pz, matrix, start, stop, bits, ceiling):  # type: ignore[no-untyped-def]
    """Let `box` hold the voxels of a part of a row, which its ends bound.

    Args:
        box: (6,) start and stop (z, y, x), see `grow`.
        px, py, pz: Where the row begins, fixed point.
        matrix: Its first column is the step along the row.
        start, stop: The part, not empty.
        bits: Number of fractional bits of a fixed-point position.
        ceiling: What rounds a position up: one voxel less the smallest step; 0 where only the voxel before it counts.
    """
    for end in (start, stop - 1):
        qx, qy, qz = px + end * matrix[0, 0], py + end * matrix[1, 0], pz + end * matrix[2, 0]
        grow(box, qx >> bits, qy >> bits, qz >> bits)
        grow(box, (qx + ceiling) >> bits, (qy + ceiling) >> bits, (qz + ceiling) >> bits)


@kernel
def nearest_limits(owned, bits):  # type: ignore[no-untyped-def]
    """Half a voxel, and the lowest and highest position (fixed point) that is nearest to an owned voxel."""
    half = np.int64(1) << (bits - 1)
    return half, (owned[0] << bits) - half, ((owned[1] + 1) << bits) - 1 - half


def fixed_point(matrix: NDArray[np.float64], bits: int) -> NDArray[np.int64]:
    """Columns x, y and translation of a 4×4 pixel-to-voxel matrix, (3, 3), with `bits` fractional bits."""
    return np.ascontiguousarray(np.rint(matrix[:3, [0, 1, 3]] * float(1 << bits)).astype(np.int64))
