"""Known voxels and their sums in cubes around every voxel of a tile, by running sums: exact, being integers."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from edge_sdk.volume.arithmetic.conversion import packed_level
from edge_sdk.volume.holes.parts import HoleTile, KnownVoxels, around
from edge_sdk.volume.settings import HoleFilling

COUNT = 40
"""Bits for the sum of a cube's levels of up to 16 bits; how many are known stands above them."""
LARGEST = 63
"""The largest cube's edge: beyond it, scratch memory would outgrow the volume."""


def cube_reach(element: HoleFilling) -> int:
    """Voxels on either side of a hole that its value may depend on; of an even size PLUS leaves out one side."""
    return (element.size - 1) // 2


def least_known(element: HoleFilling) -> int:
    """The smallest number of known voxels whose share of the cube is above the minimum ratio, at least 1."""
    voxels, ratio = element.size**3, float(np.float32(element.minimum_ratio))
    least = max(1, math.floor(ratio * voxels) - 1)
    while least <= voxels and not least / voxels > ratio:
        least += 1
    return least


class CubeSums:
    """Known voxels and the sums of their levels in cubes around every voxel of a tile; float levels are not summed.

    Attributes:
        margin: Voxels read around the tile.
        packed: The padded tile: 0 for unknown, else 1 above the lowest COUNT bits, which hold the level.
        cubes: The last `sum`, for each voxel of the tile.
    """

    def __init__(self, margin: int, size: tuple[int, int, int]) -> None:
        self.margin = margin
        depth, height, width = size
        self.packed = np.empty((depth + 2 * margin, height + 2 * margin, width + 2 * margin), np.int64)
        self._rows = np.empty((depth + 2 * margin, height + 2 * margin, width), np.int64)
        self._planes = np.empty((depth + 2 * margin, height, width), np.int64)
        self.cubes = np.empty(size, np.int64)

    def load(self, source: KnownVoxels, tile: HoleTile) -> bool:
        """Take up a tile; False where nothing is known in it or around it."""
        self._radius = 0
        return bool(self.margin and _pack(source.voxels, source.hit, tile.start, self.packed, self._rows, self.margin))

    def sum(self, radius: int) -> None:
        """Sum cubes of a radius above that of the sum before, in the same tile."""
        _grow_rows(self.packed, self._rows, self._radius, radius, self.margin)
        self._radius = radius
        _sum_cubes(self._rows, self._planes, self.cubes, radius, self.margin)


@njit(cache=True, nogil=True)
def _pack(voxels, hit, start, packed, rows, margin):  # type: ignore[no-untyped-def]
    depth, height, width = voxels.shape
    first, last, shift = around(start[2], margin, width, packed.shape[2])
    seen = False
    for z in range(packed.shape[0]):
        for y in range(packed.shape[1]):
            row = packed[z, y]
            row[:] = 0
            at_z, at_y = start[0] + z - margin, start[1] + y - margin
            if 0 <= at_z < depth and 0 <= at_y < height:
                known = hit[at_z, at_y]
                for x in range(first, last):
                    if known[x + shift]:
                        row[x] = (np.int64(1) << COUNT) + packed_level(voxels[at_z, at_y, x + shift])
                        seen = True
            rows[z, y] = row[margin : len(row) - margin]
    return seen


@njit(cache=True, nogil=True)
def _add(row, left, right):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        row[x] += left[x] + right[x]


@njit(cache=True, nogil=True)
def _grow_rows(packed, rows, before, radius, margin):  # type: ignore[no-untyped-def]
    """From sums over x of the radius `before` to those of `radius`."""
    for z in range(rows.shape[0]):
        for y in range(rows.shape[1]):
            for reach in range(before + 1, radius + 1):
                _add(rows[z, y], packed[z, y, margin - reach :], packed[z, y, margin + reach :])


@njit(cache=True, nogil=True)
def _move(row, before, enters, leaves):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        row[x] = before[x] + enters[x] - leaves[x]


@njit(cache=True, nogil=True)
def _sum_cubes(rows, planes, cubes, radius, margin):  # type: ignore[no-untyped-def]
    """Sum `rows` over y into `planes`, and these over z into `cubes`."""
    depth, height, _ = cubes.shape
    span = 2 * radius + 1
    first = margin - radius
    for z in range(first, first + depth + span - 1):
        planes[z, 0] = rows[z, first]
        for k in range(1, span):
            planes[z, 0] += rows[z, first + k]
        for y in range(1, height):
            _move(planes[z, y], planes[z, y - 1], rows[z, first + y + span - 1], rows[z, first + y - 1])
    for y in range(height):
        cubes[0, y] = planes[first, y]
        for k in range(1, span):
            cubes[0, y] += planes[first + k, y]
        for z in range(1, depth):
            _move(cubes[z, y], cubes[z - 1, y], planes[first + z + span - 1, y], planes[first + z - 1, y])
