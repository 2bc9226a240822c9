"""Sums of pixels and of their weights, from which the unbiased mean is read out.

PLUS keeps the mean itself in the pixels' type and truncates or rounds it at each pixel; here nothing is rounded
before read-out.
"""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.arithmetic.conversion import mean_level
from edge_sdk.volume.arithmetic.levels import weighed
from edge_sdk.volume.insertion.compilation import kernel
from edge_sdk.volume.insertion.corners import cell_limits, corner_indices
from edge_sdk.volume.insertion.rows import grow_along, nearest_limits, row_part

_FORGET_ABOVE = np.float32(1 << 12)
"""Full hits after which a voxel's past counts half: more of them would add up float32's rounding to gray levels."""
_HALF = np.float32(0.5)


@kernel
def _add(sums, at, value, weight):  # type: ignore[no-untyped-def]
    total = sums[at + np.uint64(1)] + weight
    factor = _HALF if total > _FORGET_ABOVE else np.float32(1)
    sums[at] = (sums[at] + value) * factor
    sums[at + np.uint64(1)] = total * factor


@kernel
def add_nearest(sums, image, factors, segments, matrix, bits, darkest, base, size, owned, box):  # type: ignore[no-untyped-def]
    """Add each pixel to the voxel nearest to it.

    Args:
        sums: float32, flat, of `size` voxels from `base`: sum and weight of each; changed in place.
        image: (H, W) gray levels.
        factors: (H, W) float32 weight of each pixel.
        segments, matrix, bits, darkest, base, size, owned, box: As of `insert_nearest`.
    """
    half, low, high = nearest_limits(owned, bits)
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    pitch_y, pitch_z = 2 * size[0], 2 * size[0] * size[1]
    for row in range(image.shape[0]):
        line, line_factors = image[row], factors[row]
        for part in range(0, 4, 2):
            px, py, pz, start, stop = row_part(matrix, row, low, high, segments[row, part], segments[row, part + 1])
            if start >= stop:
                continue
            px, py, pz = px + half, py + half, pz + half
            grow_along(box, px, py, pz, matrix, start, stop, bits, 0)
            qx = px + start * ax - (base[0] << bits)
            qy = py + start * ay - (base[1] << bits)
            qz = pz + start * az - (base[2] << bits)
            here = np.uint64((qz >> bits) * pitch_z + (qy >> bits) * pitch_y + 2 * (qx >> bits))
            total, weight = np.float32(0), np.float32(0)
            for column in range(np.uint64(start), np.uint64(stop)):
                voxel = np.uint64((qz >> bits) * pitch_z + (qy >> bits) * pitch_y + 2 * (qx >> bits))
                qx, qy, qz = qx + ax, qy + ay, qz + az
                if voxel != here:
                    _add(sums, here, total, weight)
                    here, total, weight = voxel, np.float32(0), np.float32(0)
                value, factor = weighed(line[column], darkest, line_factors[column])
                total += value * factor
                weight += factor
            _add(sums, here, total, weight)


@kernel
def add_linear(  # type: ignore[no-untyped-def]
    sums, image, factors, segments, matrix, bits, darkest, base, size, owned, box, grid_size, slack, dump
):
    """Share each pixel among the eight voxels around it; arguments as of `add_nearest` and `insert_linear`."""
    low, high = cell_limits(grid_size, owned, bits, slack)
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    mask = (np.int64(1) << bits) - 1
    one, unit = np.float32(1), np.float32(1 / (np.int64(1) << bits))
    for row in range(image.shape[0]):
        line, line_factors = image[row], factors[row]
        for part in range(0, 4, 2):
            px, py, pz, start, stop = row_part(matrix, row, low, high, segments[row, part], segments[row, part + 1])
            if start >= stop:
                continue
            grow_along(box, px, py, pz, matrix, start, stop, bits, mask)
            qx, qy, qz = px + start * ax, py + start * ay, pz + start * az
            column, end_column = np.uint64(start), np.uint64(stop)
            while column < end_column:
                # Several pixels in a row lie between the same eight voxels: they are added up before they are stored.
                x, y, z = qx >> bits, qy >> bits, qz >> bits
                i0, i1, i2, i3, i4, i5, i6, i7 = corner_indices(x, y, z, base, size, owned, 2, dump)
                t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = np.float32(0)
                w0 = w1 = w2 = w3 = w4 = w5 = w6 = w7 = np.float32(0)
                while True:
                    fx, fy, fz = (
                        np.float32(qx & mask) * unit,
                        np.float32(qy & mask) * unit,
                        np.float32(qz & mask) * unit,
                    )
                    rx, ry, rz = one - fx, one - fy, one - fz
                    value, factor = weighed(line[column], darkest, line_factors[column])
                    rx, fx = rx * factor, fx * factor
                    ryrz, ryfz, fyrz, fyfz = ry * rz, ry * fz, fy * rz, fy * fz
                    s0, s1, s2, s3 = rx * ryrz, rx * ryfz, rx * fyrz, rx * fyfz
                    s4, s5, s6, s7 = fx * ryrz, fx * ryfz, fx * fyrz, fx * fyfz
                    w0, w1, w2, w3, w4, w5, w6, w7 = (
                        w0 + s0,
                        w1 + s1,
                        w2 + s2,
                        w3 + s3,
                        w4 + s4,
                        w5 + s5,
                        w6 + s6,
                        w7 + s7,
                    )
                    t0, t1, t2, t3 = t0 + s0 * value, t1 + s1 * value, t2 + s2 * value, t3 + s3 * value
                    t4, t5, t6, t7 = t4 + s4 * value, t5 + s5 * value, t6 + s6 * value, t7 + s7 * value
                    qx, qy, qz, column = qx + ax, qy + ay, qz + az, column + np.uint64(1)
                    if column >= end_column or (qx >> bits) != x or (qy >> bits) != y or (qz >> bits) != z:
                        break
                _add(sums, i0, t0, w0)
                _add(sums, i1, t1, w1)
                _add(sums, i2, t2, w2)
                _add(sums, i3, t3, w3)
                _add(sums, i4, t4, w4)
                _add(sums, i5, t5, w5)
                _add(sums, i6, t6, w6)
                _add(sums, i7, t7, w7)


@kernel
def read_mean(sums, voxels, weights):  # type: ignore[no-untyped-def]
    """The mean of each voxel, to the nearest level where these are integers, and its weight with 256 for a full hit.

    Args:
        sums: (D, H, W, 2) float32.
        voxels: (D, H, W) of the pixels' type, written; 0 where nothing came.
        weights: (D, H, W) uint16, written.
    """
    depth, height, width, _ = sums.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                weight = sums[z, y, x, 1]
                mean = sums[z, y, x, 0] / weight if weight > 0 else np.float32(0)
                voxels[z, y, x] = mean_level(mean, voxels[z, y, x])
                weights[z, y, x] = np.uint16(min(weight * np.float32(256) + _HALF, np.float32(65535)))
