"""PLUS's path in double precision, "Optimization" NONE and PARTIAL, equal to it operation for operation.

Positions are rounded to 2⁻¹⁶ where a voxel is chosen, as PLUS's Floor does (PlusToolkit/IGSIO igsioMath, BSD-3), so a
fraction may be slightly negative.
"""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.arithmetic.conversion import rounded, sixteenth_floor
from edge_sdk.volume.arithmetic.levels import left_out, signed_level
from edge_sdk.volume.arithmetic.nearest_mean import filtered, mean_of
from edge_sdk.volume.insertion.compilation import kernel
from edge_sdk.volume.insertion.modes import FULL_HIT, IMPORTANCE, LARGEST, LATEST, MAXIMUM, MEAN, SATURATED
from edge_sdk.volume.insertion.rows import grow


@kernel
def _position(matrix, column, row, by_rows):  # type: ignore[no-untyped-def]
    """Pixel to voxel; the order of the additions differs between the two paths, and with it the last bit."""
    x, y, z = 0.0, 0.0, 0.0
    if by_rows:
        x = (matrix[0, 2] + row * matrix[0, 1]) + column * matrix[0, 0]
        y = (matrix[1, 2] + row * matrix[1, 1]) + column * matrix[1, 0]
        z = (matrix[2, 2] + row * matrix[2, 1]) + column * matrix[2, 0]
    else:
        x = (matrix[0, 0] * column + matrix[0, 1] * row) + matrix[0, 2]
        y = (matrix[1, 0] * column + matrix[1, 1] * row) + matrix[1, 2]
        z = (matrix[2, 0] * column + matrix[2, 1] * row) + matrix[2, 2]
    return x, y, z


@kernel
def _nearest(voxels, weights, at, value, mode, importance, by_rows):  # type: ignore[no-untyped-def]
    old, weight = signed_level(voxels[at]), np.int64(weights[at])
    if len(mode) == len(MAXIMUM) or len(mode) == len(LATEST):
        if len(mode) == len(LATEST) or value > old:
            voxels[at] = value
        weights[at] = FULL_HIT if by_rows else min(weight + FULL_HIT, LARGEST)
    elif weight > SATURATED:
        voxels[at] = filtered(old, value)
    else:
        added = FULL_HIT if len(mode) == len(MEAN) else np.int64(importance)
        if added > 0:
            voxels[at] = mean_of(old, weight, value, added)
            weights[at] = min(weight + added, LARGEST)


@kernel
def _share(voxels, weights, at, value, share, mode, importance):  # type: ignore[no-untyped-def]
    old, weight = np.float64(voxels[at]), np.float64(weights[at])
    total = weight
    if len(mode) == len(MEAN):
        before = weight / FULL_HIT
        voxels[at] = rounded((share * value + before * old) / (share + before), voxels[at])
        total = (share + before) * FULL_HIT
    elif len(mode) == len(IMPORTANCE):
        if importance > 0:
            total = importance * share + weight
            voxels[at] = rounded((value * importance * share + old * weight) / total, voxels[at])
    elif share >= 0.125 and (len(mode) == len(LATEST) or value > old):
        voxels[at] = value
        total = share * FULL_HIT
    weights[at] = np.uint16(sixteenth_floor(total + 0.5)) if total < LARGEST else np.uint16(LARGEST)


@kernel
def insert_in_double(  # type: ignore[no-untyped-def]
    voxels, weights, image, importance, segments, matrix, mode, darkest, size, owned, box, linear, by_rows
):
    """Insert `image` (H, W); arguments as of `insert_nearest`, but

    Args:
        matrix: (3, 3) float64, pixel (x, y, 1) to voxel (x, y, z).
        size: (3,) voxels of the grid (x, y, z), all of which are held.
        linear: Share each pixel among eight voxels.
        by_rows: PARTIAL, which steps along rows; else NONE.
    """
    for row in range(image.shape[0]):
        for part in range(0, 4, 2):
            for column in range(segments[row, part], segments[row, part + 1]):
                value = signed_level(image[row, column])
                if left_out(value, darkest):
                    continue
                px, py, pz = _position(matrix, np.float64(column), np.float64(row), by_rows)
                if not linear:
                    x, y, z = sixteenth_floor(px + 0.5), sixteenth_floor(py + 0.5), sixteenth_floor(pz + 0.5)
                    if _owns(owned, x, y, z):
                        at = (z * size[1] + y) * size[0] + x
                        _nearest(voxels, weights, at, value, mode, importance[row, column], by_rows)
                        grow(box, x, y, z)
                    continue
                x, y, z = sixteenth_floor(px), sixteenth_floor(py), sixteenth_floor(pz)
                fx, fy, fz = px - x, py - y, pz - z
                x1, y1, z1 = x + (fx != 0), y + (fy != 0), z + (fz != 0)
                if min(x, y, z) < 0 or x1 >= size[0] or y1 >= size[1] or z1 >= size[2]:
                    continue
                grow(box, x, y, z)
                grow(box, x1, y1, z1)
                for corner in range(8):
                    cx, wx = (x1, fx) if corner & 4 else (x, 1 - fx)
                    cy, wy = (y1, fy) if corner & 2 else (y, 1 - fy)
                    cz, wz = (z1, fz) if corner & 1 else (z, 1 - fz)
                    share = wx * (wy * wz)
                    if share != 0 and _owns(owned, cx, cy, cz):
                        at = (cz * size[1] + cy) * size[0] + cx
                        _share(voxels, weights, at, np.float64(value), share, mode, np.float64(importance[row, column]))


@kernel
def _owns(owned, x, y, z):  # type: ignore[no-untyped-def]
    return owned[0, 0] <= x <= owned[1, 0] and owned[0, 1] <= y <= owned[1, 1] and owned[0, 2] <= z <= owned[1, 2]
