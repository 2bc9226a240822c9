"""Each pixel goes to the voxel nearest to it; PLUS's rules (vtkIGSIOPasteSliceIntoVolume)."""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.arithmetic.levels import left_out, level
from edge_sdk.volume.arithmetic.nearest_mean import nearest_mean, nearest_weighted
from edge_sdk.volume.insertion.compilation import kernel
from edge_sdk.volume.insertion.modes import FULL_HIT, LATEST, MAXIMUM, MEAN
from edge_sdk.volume.insertion.rows import grow_along, nearest_limits, row_part


@kernel
def insert_nearest(voxels, weights, image, importance, segments, matrix, bits, mode, darkest, base, size, owned, box):  # type: ignore[no-untyped-def]
    """Insert `image` (H, W).

    Args:
        voxels: Gray levels, flat, of `size` (D, H, W) voxels from `base`; changed in place.
        weights: uint16, flat; changed in place.
        image: (H, W) gray levels of the voxels' type.
        importance: (H, W) uint8 weight of each pixel; read in mode IMPORTANCE only.
        segments: (H, 4) ranges of x to insert, see `ClipRegion.segments`.
        matrix: (3, 3) int64 fixed point, pixel (x, y, 1) to voxel (x, y, z) of the whole grid.
        bits: Fractional bits of `matrix`.
        mode: MEAN, MAXIMUM, LATEST or IMPORTANCE.
        darkest: Pixels below are skipped, and those that are not finite.
        base: (3,) index (x, y, z) of the first voxel held.
        size: (3,) voxels held (x, y, z).
        owned: (2, 3) first and last index (x, y, z) that may be written.
        box: (6,) int64 start and stop (z, y, x); grown around what was touched.
    """
    half, low, high = nearest_limits(owned, bits)
    ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    pitch_y, pitch_z = size[0], size[0] * size[1]
    for row in range(image.shape[0]):
        line, line_importance = image[row], importance[row]
        for part in range(0, 4, 2):
            px, py, pz, start, stop = row_part(matrix, row, low, high, segments[row, part], segments[row, part + 1])
            if start >= stop:
                continue
            px, py, pz = px + half, py + half, pz + half
            grow_along(box, px, py, pz, matrix, start, stop, bits, 0)
            qx = px + start * ax - (base[0] << bits)
            qy = py + start * ay - (base[1] << bits)
            qz = pz + start * az - (base[2] << bits)
            # Several pixels in a row reach the same voxel: it stays in registers meanwhile.
            here = np.uint64((qz >> bits) * pitch_z + (qy >> bits) * pitch_y + (qx >> bits))
            old, weight = level(voxels[here]), np.uint64(weights[here])
            for column in range(np.uint64(start), np.uint64(stop)):
                voxel = np.uint64((qz >> bits) * pitch_z + (qy >> bits) * pitch_y + (qx >> bits))
                qx, qy, qz = qx + ax, qy + ay, qz + az
                if voxel != here:
                    voxels[here], weights[here] = old, weight
                    here = voxel
                    old, weight = level(voxels[here]), np.uint64(weights[here])
                value = level(line[column])
                if left_out(value, darkest):
                    continue
                if len(mode) == len(MEAN):
                    old, weight = nearest_mean(old, weight, value)
                elif len(mode) == len(MAXIMUM):
                    old, weight = max(old, value), np.uint64(FULL_HIT)
                elif len(mode) == len(LATEST):
                    old, weight = value, np.uint64(FULL_HIT)
                else:
                    old, weight = nearest_weighted(old, weight, value, line_importance[column])
            voxels[here], weights[here] = old, weight
