"""Each pixel goes to the voxel nearest to it; PLUS's 8-bit rules (vtkIGSIOPasteSliceIntoVolume)."""

from __future__ import annotations

import numpy as np

from edge_sdk.volume.insertion.compilation import kernel
from edge_sdk.volume.insertion.modes import FULL_HIT, LARGEST, LATEST, MAXIMUM, MEAN, SATURATED
from edge_sdk.volume.insertion.rows import grow_along, nearest_limits, row_part

_SHIFT = np.uint64(32)
_RECIPROCALS = np.array([-(-(1 << 32) // count) for count in range(1, 257)], np.uint64)
"""2³² / (n + 1), rounded up: for numerators below 2¹⁶ the product's upper half is the exact integer quotient."""
_SHARES = _RECIPROCALS * np.arange(256, dtype=np.uint64)


@kernel
def insert_nearest(voxels, weights, image, importance, segments, matrix, bits, mode, darkest, base, size, owned, box):  # type: ignore[no-untyped-def]  # noqa: PLR0912
    """Insert `image` (H, W).

    Args:
        voxels: uint8, flat, of `size` (D, H, W) voxels from `base`; changed in place.
        weights: uint16, flat; changed in place.
        image: (H, W) uint8.
        importance: (H, W) uint8 weight of each pixel; read in mode IMPORTANCE only.
        segments: (H, 4) ranges of x to insert, see `ClipRegion.segments`.
        matrix: (3, 3) int64 fixed point, pixel (x, y, 1) to voxel (x, y, z) of the whole grid.
        bits: Fractional bits of `matrix`.
        mode: MEAN, MAXIMUM, LATEST or IMPORTANCE.
        darkest: Pixels below are skipped.
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
            old, weight = np.uint64(voxels[here]), np.uint64(weights[here])
            for column in range(np.uint64(start), np.uint64(stop)):
                voxel = np.uint64((qz >> bits) * pitch_z + (qy >> bits) * pitch_y + (qx >> bits))
                qx, qy, qz = qx + ax, qy + ay, qz + az
                if voxel != here:
                    voxels[here], weights[here] = old, weight
                    here = voxel
                    old, weight = np.uint64(voxels[here]), np.uint64(weights[here])
                value = np.uint64(line[column])
                if value < darkest:
                    continue
                if len(mode) == len(MEAN):
                    if weight <= SATURATED:
                        count = weight >> np.uint64(8)
                        old = (value * _RECIPROCALS[count] + old * _SHARES[count]) >> _SHIFT
                        weight += np.uint64(FULL_HIT)
                    else:
                        old = (value + np.uint64(255) * old) >> np.uint64(8)
                elif len(mode) == len(MAXIMUM):
                    old, weight = max(old, value), np.uint64(FULL_HIT)
                elif len(mode) == len(LATEST):
                    old, weight = value, np.uint64(FULL_HIT)
                elif weight > SATURATED:
                    old = (value + np.uint64(255) * old) >> np.uint64(8)
                elif line_importance[column] > 0:
                    added = np.uint64(line_importance[column])
                    old = (value * added + old * weight) // (weight + added)
                    weight = min(weight + added, np.uint64(LARGEST))
            voxels[here], weights[here] = old, weight
