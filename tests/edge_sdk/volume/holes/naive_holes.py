"""Hole filling as PLUS's rule reads, one voxel and one step at a time, in plain Python.

Written from PlusToolkit/IGSIO vtkIGSIOFillHolesInVolume; what there is a float is one here, and sums run in its order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

LINES = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, -1, 0), (1, 0, -1), (0, 1, -1),
         (1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)]  # fmt: skip
"""x, y, z."""


def fill(voxels: Any, weights: Any, filling: Any) -> Any:
    """(D, H, W) voxels whose weight is 0 filled by the first kernel that can."""
    kernels = {
        "STICK": stick,
        "NEAREST_NEIGHBOR": nearest,
        "GAUSSIAN": weighted,
        "GAUSSIAN_ACCUMULATION": weighted,
        "DISTANCE_WEIGHT_INVERSE": weighted,
    }
    filled = np.where(weights > 0, voxels, 0)
    for hole in np.argwhere(weights == 0):
        for element in filling:
            value = kernels[element.kernel](voxels, weights, tuple(int(i) for i in hole), element)
            if value is not None:
                filled[tuple(hole)] = value
                break
    return filled


def level(number: float, voxels: Any) -> Any:
    """A double as C++ casts it to the voxels' type: integers toward zero."""
    return np.float32(number) if voxels.dtype == np.float32 else math.trunc(number)


def known(weights: Any, z: int, y: int, x: int) -> bool:
    inside = all(0 <= index < count for index, count in zip((z, y, x), weights.shape, strict=True))
    return inside and bool(weights[z, y, x] > 0)


def stick(voxels: Any, weights: Any, hole: tuple[int, int, int], element: Any) -> Any:
    limit, found = element.stick_length, []
    z, y, x = hole
    for dx, dy, dz in LINES:
        ahead = next((s for s in range(1, limit) if known(weights, z + s * dz, y + s * dy, x + s * dx)), None)
        if ahead is None:
            continue
        furthest = limit - ahead - 1
        steps = range(1, furthest + 1)
        behind = next((s for s in steps if known(weights, z - s * dz, y - s * dy, x - s * dx)), None)
        if behind is None:
            continue
        front = float(voxels[z + ahead * dz, y + ahead * dy, x + ahead * dx])
        back = float(voxels[z - behind * dz, y - behind * dy, x - behind * dx])
        span = float(ahead + behind + 1)
        share = (behind + 1) / span
        score = 1.0 / (span * math.sqrt(dx * dx + dy * dy + dz * dz))
        found.append((score, float(level((1.0 - share) * back + share * front, voxels))))
    used, total, divisor = 0, 0.0, 0.0
    while found and used < element.sticks:
        best = max(score for score, _ in found)
        for score, value in found:
            if score == best:
                total, divisor, used = total + value * score, divisor + score, used + 1
        found = [(score, value) for score, value in found if score != best]
    return level(total / divisor, voxels) if divisor else None


def cube(weights: Any, hole: tuple[int, int, int], radius: int) -> list[tuple[int, int, int]]:
    """Offsets (z, y, x) of known voxels, x slowest."""
    z, y, x = hole
    steps = range(-radius, radius + 1)
    return [(k, j, i) for i in steps for j in steps for k in steps if known(weights, z + k, y + j, x + i)]


def enough(count: int, element: Any) -> bool:
    return count / element.size**3 > float(np.float32(element.minimum_ratio))


def nearest(voxels: Any, weights: Any, hole: tuple[int, int, int], element: Any) -> Any:
    z, y, x = hole
    for radius in range(1, (element.size - 1) // 2 + 1):
        found = [float(voxels[z + k, y + j, x + i]) for k, j, i in cube(weights, hole, radius)]
        if found:
            return level(sum(found) / len(found), voxels) if enough(len(found), element) else None
    return None


def weighted(voxels: Any, weights: Any, hole: tuple[int, int, int], element: Any) -> Any:
    z, y, x = hole
    radius = (element.size - 1) // 2
    off = radius - (element.size - 1) / 2.0  # an even size: PLUS's cube begins, and its center lies, half a voxel off
    total, divisor, count = 0.0, 0.0, 0
    for k, j, i in cube(weights, hole, radius):
        share = float(share_of(element, i + off, j + off, k + off))
        if element.kernel == "GAUSSIAN_ACCUMULATION":
            share = float(np.float32(weights[z + k, y + j, x + i]) * np.float32(share))
        total += float(voxels[z + k, y + j, x + i]) * share
        divisor += share
        count += 1
    return level(total / divisor, voxels) if divisor and enough(count, element) else None


def share_of(element: Any, i: float, j: float, k: float) -> Any:
    if element.kernel == "DISTANCE_WEIGHT_INVERSE":
        return np.float32(1) / np.float32(math.sqrt(i * i + j * j + k * k))
    deviation = np.float32(element.deviation)
    divisor = float(np.float32(2) * (deviation * deviation))
    scale = np.float32(1) / np.float32((2 * math.pi) ** 1.5 * float(deviation) ** 3)
    return np.float32(float(scale) * math.exp(-(i * i / divisor + j * j / divisor + k * k / divisor)))
