"""The eight voxels around a position, and a pixel's share of each; x varies slowest, z fastest, as in PLUS."""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.insertion.compilation import kernel

SHARE_BITS = 14
"""Fractional bits of shares: PLUS's, and products fit 32 bits, which halves the vector registers needed."""
_ONE = np.int32(1 << SHARE_BITS)
_HALF = np.int32(_ONE >> 1)


@kernel
def corner_indices(x, y, z, base, size, owned, stride, dump):  # type: ignore[no-untyped-def]
    """Flat indices of the voxels around (x, y, z); those not owned become `dump`, where anything may be written.

    Args:
        x, y, z: Voxel at or before the position, in the whole grid.
        base, size, owned: (2, 3) first and last index (x, y, z) that may be written, see `insert_nearest`.
        stride: Elements per voxel.
        dump: Index of an element that belongs to no voxel.
    """
    step_y, step_z = size[0] * stride, size[0] * size[1] * stride
    first = (z - base[2]) * step_z + (y - base[1]) * step_y + (x - base[0]) * stride
    x0, x1 = owned[0, 0] <= x, x < owned[1, 0]
    y0, y1 = owned[0, 1] <= y, y < owned[1, 1]
    z0, z1 = owned[0, 2] <= z, z < owned[1, 2]
    return (
        np.uint64(first if x0 and y0 and z0 else dump),
        np.uint64(first + step_z if x0 and y0 and z1 else dump),
        np.uint64(first + step_y if x0 and y1 and z0 else dump),
        np.uint64(first + step_y + step_z if x0 and y1 and z1 else dump),
        np.uint64(first + stride if x1 and y0 and z0 else dump),
        np.uint64(first + stride + step_z if x1 and y0 and z1 else dump),
        np.uint64(first + stride + step_y if x1 and y1 and z0 else dump),
        np.uint64(first + stride + step_y + step_z if x1 and y1 and z1 else dump),
    )


@kernel
def cell_limits(size, owned, bits, slack):  # type: ignore[no-untyped-def]
    """Lowest and highest position (fixed point) of which a corner may be owned and all corners lie in the grid.

    Args:
        size: Voxels of the whole grid, (x, y, z).
        owned: (2, 3) first and last index (x, y, z) that may be written, see `insert_nearest`.
        bits: Number of fractional bits of a fixed-point position.
        slack: How far beyond the grid a position may lie, so that one on its border is not lost by rounding.
    """
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = max(-slack, (owned[0, axis] - 1) << bits)
        high[axis] = min(((size[axis] - 1) << bits) + slack, ((owned[1, axis] + 1) << bits) - 1)
    return low, high


@kernel
def _product(a, b):  # type: ignore[no-untyped-def]
    return np.int32(np.int32(np.int32(a * b) + _HALF) >> SHARE_BITS)


@kernel
def shares(qx, qy, qz, bits):  # type: ignore[no-untyped-def]
    """The pixel's share of each corner, int32 with SHARE_BITS fractional bits; rounded after each product, as PLUS."""
    excess = bits - SHARE_BITS
    fx = np.int32((qx >> excess) & (_ONE - 1))
    fy = np.int32((qy >> excess) & (_ONE - 1))
    fz = np.int32((qz >> excess) & (_ONE - 1))
    rx, ry, rz = np.int32(_ONE - fx), np.int32(_ONE - fy), np.int32(_ONE - fz)
    ryrz, ryfz, fyrz, fyfz = _product(ry, rz), _product(ry, fz), _product(fy, rz), _product(fy, fz)
    return (
        _product(rx, ryrz), _product(rx, ryfz), _product(rx, fyrz), _product(rx, fyfz),
        _product(fx, ryrz), _product(fx, ryfz), _product(fx, fyrz), _product(fx, fyfz),
    )  # fmt: skip
