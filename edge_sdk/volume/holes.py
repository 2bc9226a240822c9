"""Filling voxels that no pixel reached, on read-out.

Two of PLUS's kernels (PlusToolkit/IGSIO vtkIGSIOFillHolesInVolume, BSD-3): STICK looks along straight lines for a
filled voxel on either side and interpolates between them; NEAREST_NEIGHBOR averages the closest shell that holds
filled voxels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.settings import HoleFilling

# One of each pair of opposite directions to the 26 neighbours, (x, y, z). Which of the two counts as forward, and
# the order, are PLUS's: its weights of the two ends are not symmetric, and its sums are rounded.
_STICKS = np.array(
    [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, -1, 0), (1, 0, -1), (0, 1, -1),
     (1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)],
    np.int64,
)  # fmt: skip
_STICK_LENGTHS = np.sqrt((_STICKS**2).sum(1).astype(np.float64))


def fill_holes(voxels: NDArray[np.uint8], hit: NDArray[np.bool_], filling: Sequence[HoleFilling]) -> NDArray[np.uint8]:
    """Fill voxels outside `hit`; each kernel is tried on what those before it left empty.

    Only voxels of `hit` are sources, so the result does not depend on the order of filling.

    Args:
        voxels: (D, H, W) uint8.
        hit: (D, H, W) which voxels are known.
        filling: Kernels in order.

    Returns:
        A new array.

    Raises:
        GeometryError: A kernel that is not implemented.
    """
    check_kernels(filling)
    filled = np.where(hit, voxels, np.uint8(0))  # a voxel of almost no weight has a value but is not known
    open_voxels = ~hit
    for element in filling:
        _KERNELS[element.kernel](filled, voxels, hit, open_voxels, element)
    return filled


def check_kernels(filling: Sequence[HoleFilling]) -> None:
    """Refuse kernels that are not implemented, by name.

    Raises:
        GeometryError: As said.
    """
    for element in filling:
        if element.kernel not in _KERNELS:
            raise GeometryError(
                f"hole filling does not know the kernel {element.kernel!r}",
                remedy=f"use {' or '.join(_KERNELS)}",
            )
        if min(element.stick_length, element.sticks, element.size) < 1:
            raise GeometryError(f"hole filling {element} has a size below 1", remedy="give sizes of at least 1")


def _fill_sticks(filled: Any, voxels: Any, hit: Any, open_voxels: Any, element: HoleFilling) -> None:
    _sticks(filled, voxels, hit, open_voxels, _STICKS, _STICK_LENGTHS, element.stick_length, element.sticks)


def _fill_nearest(filled: Any, voxels: Any, hit: Any, open_voxels: Any, element: HoleFilling) -> None:
    reach = (element.size - 1) // 2
    _nearest(filled, voxels, hit, open_voxels, reach, math.floor(element.minimum_ratio * element.size**3))


_KERNELS: dict[str, Callable[[Any, Any, Any, Any, HoleFilling], None]] = {
    "STICK": _fill_sticks,
    "NEAREST_NEIGHBOR": _fill_nearest,
}


@njit(cache=True, nogil=True)
def _walk(hit, z, y, x, dz, dy, dx, limit):  # type: ignore[no-untyped-def]
    """Steps to the first known voxel in a direction, 0 where none lies within `limit` steps."""
    depth, height, width = hit.shape
    for step in range(1, limit + 1):
        z, y, x = z + dz, y + dy, x + dx
        if z < 0 or y < 0 or x < 0 or z >= depth or y >= height or x >= width:
            return 0
        if hit[z, y, x]:
            return step
    return 0


@njit(cache=True, nogil=True)
def _sticks(filled, voxels, hit, open_voxels, directions, lengths, limit, wanted):  # type: ignore[no-untyped-def]
    depth, height, width = voxels.shape
    values = np.zeros(len(directions), np.float64)
    scores = np.zeros(len(directions), np.float64)
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if not open_voxels[z, y, x]:
                    continue
                for i in range(len(directions)):
                    scores[i] = 0.0
                    dx, dy, dz = directions[i]
                    ahead = _walk(hit, z, y, x, dz, dy, dx, limit - 1)
                    if ahead == 0:
                        continue
                    behind = _walk(hit, z, y, x, -dz, -dy, -dx, limit - ahead - 1)
                    if behind == 0:
                        continue
                    span = ahead + behind + 1
                    share = (behind + 1) / span
                    front = voxels[z + ahead * dz, y + ahead * dy, x + ahead * dx]
                    back = voxels[z - behind * dz, y - behind * dy, x - behind * dx]
                    scores[i] = 1.0 / (span * lengths[i])
                    values[i] = np.floor((1.0 - share) * back + share * front)
                used, total, weight = 0, 0.0, 0.0
                while used < wanted:
                    best = scores.max()
                    if best == 0.0:
                        break
                    for i in range(len(directions)):
                        if scores[i] == best:  # sticks that are equally good count together
                            total += values[i] * best
                            weight += best
                            used += 1
                            scores[i] = 0.0
                if weight > 0.0:
                    filled[z, y, x] = np.uint8(total / weight)
                    open_voxels[z, y, x] = False


@njit(cache=True, nogil=True)
def _nearest(filled, voxels, hit, open_voxels, reach, more_than):  # type: ignore[no-untyped-def]
    depth, height, width = voxels.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if not open_voxels[z, y, x]:
                    continue
                for radius in range(1, reach + 1):
                    total, count = 0, 0
                    for nz in range(max(z - radius, 0), min(z + radius + 1, depth)):
                        for ny in range(max(y - radius, 0), min(y + radius + 1, height)):
                            for nx in range(max(x - radius, 0), min(x + radius + 1, width)):
                                if hit[nz, ny, nx]:
                                    total += voxels[nz, ny, nx]
                                    count += 1
                    if count > 0:
                        if count > more_than:
                            filled[z, y, x] = total // count
                            open_voxels[z, y, x] = False
                        break
