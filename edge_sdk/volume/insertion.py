"""Numba kernels that put the pixels of one frame into a volume.

Positions are integers with `bits` fractional bits, so a row is stepped without rounding drift and the range of
pixels inside the volume is known exactly before the inner loop. With 14 bits this is the arithmetic of PLUS's
"Optimization FULL" (PlusToolkit/IGSIO, BSD-3); with more it stands for its double-precision path.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MEAN, MAXIMUM, LATEST = 0, 1, 2
FULL_HIT = 256
SATURATED = 65279
"""Above this accumulated weight a voxel is filtered recursively instead of averaged."""
LARGEST = 65535


@njit(cache=True, nogil=True)
def _inside(p, step, low, high, start, stop):  # type: ignore[no-untyped-def]
    """The part of [start, stop) where low <= p + x · step <= high."""
    if step == 0:
        return (start, stop) if low <= p <= high else (start, start)
    if step > 0:
        first, last = -((p - low) // step), (high - p) // step
    else:
        first, last = -((high - p) // -step), (p - low) // -step
    start, stop = max(start, first), min(stop, last + 1)
    return start, max(start, stop)


@njit(cache=True, nogil=True)
def _grow(box, x, y, z):  # type: ignore[no-untyped-def]
    box[0], box[3] = min(box[0], z), max(box[3], z + 1)
    box[1], box[4] = min(box[1], y), max(box[4], y + 1)
    box[2], box[5] = min(box[2], x), max(box[5], x + 1)


@njit(cache=True, nogil=True)
def insert_nearest(voxels, weights, image, segments, matrix, bits, mode, box):  # type: ignore[no-untyped-def]
    """Insert `image` (H, W) so that each pixel goes to the voxel nearest to it.

    Args:
        voxels: (D, H, W) uint8, changed in place.
        weights: (D, H, W) uint16, 256 for each pixel that came; changed in place.
        image: (H, W) uint8.
        segments: (H, 4) ranges of x to insert, see `ClipRegion.segments`.
        matrix: (3, 3) int64 fixed point, pixel (x, y, 1) to voxel (x, y, z).
        bits: Fractional bits of `matrix`.
        mode: MEAN, MAXIMUM or LATEST.
        box: (6,) int64 start and stop (z, y, x); grown around what was touched.
    """
    depth, height, width = voxels.shape
    half = np.int64(1) << (bits - 1)
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    for row in range(image.shape[0]):
        px = matrix[0, 2] + row * matrix[0, 1] + half
        py = matrix[1, 2] + row * matrix[1, 1] + half
        pz = matrix[2, 2] + row * matrix[2, 1] + half
        for part in range(0, 4, 2):
            start, stop = segments[row, part], segments[row, part + 1]
            start, stop = _inside(px, ax, 0, (width << bits) - 1, start, stop)
            start, stop = _inside(py, ay, 0, (height << bits) - 1, start, stop)
            start, stop = _inside(pz, az, 0, (depth << bits) - 1, start, stop)
            if start >= stop:
                continue
            for end in (start, stop - 1):
                _grow(box, (px + end * ax) >> bits, (py + end * ay) >> bits, (pz + end * az) >> bits)
            for column in range(start, stop):
                x = (px + column * ax) >> bits
                y = (py + column * ay) >> bits
                z = (pz + column * az) >> bits
                value = np.uint32(image[row, column])
                weight = np.uint32(weights[z, y, x])
                if mode == MEAN:
                    old = np.uint32(voxels[z, y, x])
                    if weight <= SATURATED:
                        voxels[z, y, x] = (value * np.uint32(FULL_HIT) + old * weight) // (weight + np.uint32(FULL_HIT))
                    else:
                        voxels[z, y, x] = (value + np.uint32(255) * old) >> 8
                elif mode == LATEST or value > voxels[z, y, x]:
                    voxels[z, y, x] = value
                weights[z, y, x] = min(weight + np.uint32(FULL_HIT), np.uint32(LARGEST))


@njit(cache=True, nogil=True)
def _blend(voxels, weights, z, y, x, value, share, bits, mode):  # type: ignore[no-untyped-def]
    """Add `value` with weight `share` (fixed point) to one voxel."""
    if share == 0:
        return
    half_unit = np.int64(1) << (bits - 9)
    old = np.int64(voxels[z, y, x])
    if mode == MEAN:
        before = np.int64(weights[z, y, x]) << (bits - 8)
        total = before + share
        # PLUS rounds twice, first to `bits` fractional bits, then to a grey level.
        voxels[z, y, x] = np.int64((share * value + before * old) / total + (0.5 + 0.5 / (np.int64(1) << bits)))
        weights[z, y, x] = min((total + half_unit) >> (bits - 8), LARGEST)
    # Maximum and latest ignore voxels that a pixel touches with less than an eighth of its weight.
    elif share >= (np.int64(1) << (bits - 3)) and (mode == LATEST or value > old):
        voxels[z, y, x] = value
        weights[z, y, x] = (share + half_unit) >> (bits - 8)


@njit(cache=True, nogil=True)
def insert_linear(voxels, weights, image, segments, matrix, bits, mode, box):  # type: ignore[no-untyped-def]
    """Insert `image` (H, W) so that each pixel is shared among the eight voxels around it; as `insert_nearest`."""
    depth, height, width = voxels.shape
    one = np.int64(1) << bits
    half = one >> 1
    mask = one - 1
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    for row in range(image.shape[0]):
        px = matrix[0, 2] + row * matrix[0, 1]
        py = matrix[1, 2] + row * matrix[1, 1]
        pz = matrix[2, 2] + row * matrix[2, 1]
        for part in range(0, 4, 2):
            start, stop = segments[row, part], segments[row, part + 1]
            start, stop = _inside(px, ax, 0, (width - 1) << bits, start, stop)
            start, stop = _inside(py, ay, 0, (height - 1) << bits, start, stop)
            start, stop = _inside(pz, az, 0, (depth - 1) << bits, start, stop)
            if start >= stop:
                continue
            for end in (start, stop - 1):
                qx, qy, qz = px + end * ax, py + end * ay, pz + end * az
                _grow(box, qx >> bits, qy >> bits, qz >> bits)
                _grow(box, (qx + mask) >> bits, (qy + mask) >> bits, (qz + mask) >> bits)
            for column in range(start, stop):
                qx, qy, qz = px + column * ax, py + column * ay, pz + column * az
                x, y, z = qx >> bits, qy >> bits, qz >> bits
                fx, fy, fz = qx & mask, qy & mask, qz & mask
                value = np.int64(image[row, column])
                for corner in range(7, -1, -1):
                    wx = fx if corner & 4 else one - fx
                    wy = fy if corner & 2 else one - fy
                    wz = fz if corner & 1 else one - fz
                    share = (wx * ((wy * wz + half) >> bits) + half) >> bits
                    if share:
                        cx, cy, cz = x + (corner >> 2), y + ((corner >> 1) & 1), z + (corner & 1)
                        _blend(voxels, weights, cz, cy, cx, value, share, bits, mode)


def fixed_point(matrix: NDArray[np.float64], bits: int) -> NDArray[np.int64]:
    """Columns x, y and translation of a 4×4 pixel-to-voxel matrix, (3, 3), with `bits` fractional bits."""
    return np.ascontiguousarray(np.rint(matrix[:3, [0, 1, 3]] * float(1 << bits)).astype(np.int64))
