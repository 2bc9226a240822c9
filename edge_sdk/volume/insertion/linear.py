"""Each pixel is shared among the eight voxels around it; PLUS's rules (vtkIGSIOPasteSliceIntoVolume)."""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.arithmetic.levels import fine_level, left_out
from edge_sdk.volume.arithmetic.shared_mean import running_mean
from edge_sdk.volume.insertion.compilation import kernel
from edge_sdk.volume.insertion.corners import SHARE_BITS, cell_limits, corner_indices, shares
from edge_sdk.volume.insertion.modes import IMPORTANCE, LATEST, MEAN
from edge_sdk.volume.insertion.rows import grow_along, row_part

_AN_EIGHTH = np.int32(1 << (SHARE_BITS - 3))
_HALF_HIT = np.int32(1 << (SHARE_BITS - 9))


@kernel
def _replace(old, weight, value, share, latest):  # type: ignore[no-untyped-def]
    """Maximum or latest: voxels that a pixel touches with less than an eighth of its weight are left alone."""
    taken = (share >= _AN_EIGHTH) & (latest | (value > old))  # "and" would branch, and be guessed wrong
    touched = np.int32(np.int32(share + _HALF_HIT) >> (SHARE_BITS - 8))
    return (value, touched) if taken else (old, weight)


@kernel
def _levels(voxels, i0, i1, i2, i3, i4, i5, i6, i7):  # type: ignore[no-untyped-def]
    return (
        fine_level(voxels[i0]), fine_level(voxels[i1]), fine_level(voxels[i2]), fine_level(voxels[i3]),
        fine_level(voxels[i4]), fine_level(voxels[i5]), fine_level(voxels[i6]), fine_level(voxels[i7]),
    )  # fmt: skip


@kernel
def _counts(weights, i0, i1, i2, i3, i4, i5, i6, i7):  # type: ignore[no-untyped-def]
    return (
        np.int32(weights[i0]), np.int32(weights[i1]), np.int32(weights[i2]), np.int32(weights[i3]),
        np.int32(weights[i4]), np.int32(weights[i5]), np.int32(weights[i6]), np.int32(weights[i7]),
    )  # fmt: skip


@kernel
def insert_linear(  # type: ignore[no-untyped-def]
    voxels,
    weights,
    image,
    importance,
    segments,
    matrix,
    bits,
    mode,
    darkest,
    base,
    size,
    owned,
    box,
    grid_size,
    slack,
    dump,
):
    """Insert `image` (H, W); arguments as of `insert_nearest`, and

    Args:
        grid_size: (3,) voxels of the whole grid (x, y, z); positions whose corners lie outside are skipped.
        slack: How far outside (fixed point) is still taken, by rounding; corners outside are never written.
        dump: Index of an element of `voxels` and `weights` that belongs to no voxel.
    """
    low, high = cell_limits(grid_size, owned, bits, slack)
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    ceiling = (np.int64(1) << bits) - 1
    unit_bits = SHARE_BITS if len(mode) == len(IMPORTANCE) else SHARE_BITS - 8
    latest = len(mode) == len(LATEST)
    for row in range(image.shape[0]):
        line, line_importance = image[row], importance[row]
        for part in range(0, 4, 2):
            px, py, pz, start, stop = row_part(matrix, row, low, high, segments[row, part], segments[row, part + 1])
            if start >= stop:
                continue
            grow_along(box, px, py, pz, matrix, start, stop, bits, ceiling)
            qx, qy, qz = px + start * ax, py + start * ay, pz + start * az
            column, end_column = np.uint64(start), np.uint64(stop)
            while column < end_column:
                # Several pixels in a row lie between the same eight voxels: these stay in registers meanwhile.
                x, y, z = qx >> bits, qy >> bits, qz >> bits
                i0, i1, i2, i3, i4, i5, i6, i7 = corner_indices(x, y, z, base, size, owned, 1, dump)
                v0, v1, v2, v3, v4, v5, v6, v7 = _levels(voxels, i0, i1, i2, i3, i4, i5, i6, i7)
                w0, w1, w2, w3, w4, w5, w6, w7 = _counts(weights, i0, i1, i2, i3, i4, i5, i6, i7)
                while True:
                    pixel = line[column]
                    s0, s1, s2, s3, s4, s5, s6, s7 = shares(qx, qy, qz, bits)
                    factor = np.int32(0) if left_out(pixel, darkest) else np.int32(1)
                    if len(mode) == len(IMPORTANCE):
                        factor = np.int32(factor * line_importance[column])
                    value = fine_level(pixel)
                    if len(mode) == len(MEAN) or len(mode) == len(IMPORTANCE):
                        v0, w0 = running_mean(v0, w0, value, np.int32(s0 * factor), unit_bits)
                        v1, w1 = running_mean(v1, w1, value, np.int32(s1 * factor), unit_bits)
                        v2, w2 = running_mean(v2, w2, value, np.int32(s2 * factor), unit_bits)
                        v3, w3 = running_mean(v3, w3, value, np.int32(s3 * factor), unit_bits)
                        v4, w4 = running_mean(v4, w4, value, np.int32(s4 * factor), unit_bits)
                        v5, w5 = running_mean(v5, w5, value, np.int32(s5 * factor), unit_bits)
                        v6, w6 = running_mean(v6, w6, value, np.int32(s6 * factor), unit_bits)
                        v7, w7 = running_mean(v7, w7, value, np.int32(s7 * factor), unit_bits)
                    else:
                        v0, w0 = _replace(v0, w0, value, np.int32(s0 * factor), latest)
                        v1, w1 = _replace(v1, w1, value, np.int32(s1 * factor), latest)
                        v2, w2 = _replace(v2, w2, value, np.int32(s2 * factor), latest)
                        v3, w3 = _replace(v3, w3, value, np.int32(s3 * factor), latest)
                        v4, w4 = _replace(v4, w4, value, np.int32(s4 * factor), latest)
                        v5, w5 = _replace(v5, w5, value, np.int32(s5 * factor), latest)
                        v6, w6 = _replace(v6, w6, value, np.int32(s6 * factor), latest)
                        v7, w7 = _replace(v7, w7, value, np.int32(s7 * factor), latest)
                    qx, qy, qz, column = qx + ax, qy + ay, qz + az, column + np.uint64(1)
                    if column >= end_column or (qx >> bits) != x or (qy >> bits) != y or (qz >> bits) != z:
                        break
                voxels[i0], voxels[i1], voxels[i2], voxels[i3] = v0, v1, v2, v3
                voxels[i4], voxels[i5], voxels[i6], voxels[i7] = v4, v5, v6, v7
                weights[i0], weights[i1], weights[i2], weights[i3] = w0, w1, w2, w3
                weights[i4], weights[i5], weights[i6], weights[i7] = w4, w5, w6, w7
