"""PLUS's NEAREST_NEIGHBOR kernel: the mean of the closest known voxels (IGSIO vtkIGSIOFillHolesInVolume, BSD-3)."""

from __future__ import annotations

import numpy as np
from numba import njit

from edge_sdk.volume.arithmetic.conversion import packed_mean
from edge_sdk.volume.holes.cubes import COUNT, CubeSums, cube_reach, least_known
from edge_sdk.volume.holes.parts import FilledBox, HoleTile, KnownVoxels
from edge_sdk.volume.settings import HoleFilling


class NearestFiller:
    """NEAREST_NEIGHBOR: the mean of the smallest cube that holds known voxels."""

    def __init__(self, element: HoleFilling, source: KnownVoxels, size: tuple[int, int, int]) -> None:
        self._source, self._least = source, least_known(element)
        self._sums = CubeSums(cube_reach(element), size)
        self._undecided = np.empty(size, np.bool_)

    def fill(self, tile: HoleTile, output: FilledBox) -> None:
        if not self._sums.load(self._source, tile):
            return
        self._undecided[:] = output.holes
        for radius in range(1, self._sums.margin + 1):
            self._sums.sum(radius)
            where = (tile.start, tile.size, output.filled, output.origin, output.holes)
            if output.filled.dtype.kind == "f":
                source = self._source.voxels, self._source.hit
                _fill_float_means(self._sums.cubes, self._least, self._undecided, *where, *source, radius)
            else:
                _fill_means(self._sums.cubes, self._least, self._undecided, *where)


@njit(cache=True, nogil=True)
def _fill_means(cubes, least, undecided, start, size, filled, origin, holes):  # type: ignore[no-untyped-def]
    """Decide the holes whose cubes hold known voxels: their mean, if these are enough."""
    for z in range(size[0]):
        for y in range(size[1]):
            row = filled[start[0] + z - origin[0], start[1] + y - origin[1]]
            for x in range(size[2]):
                cube = cubes[z, y, x]
                if cube and undecided[z, y, x]:
                    undecided[z, y, x] = False
                    count = cube >> COUNT
                    if count >= least:
                        total, at = cube & ((np.int64(1) << COUNT) - 1), start[2] + x - origin[2]
                        row[at] = packed_mean(total, count, row[at])
                        holes[z, y, x] = False


@njit(cache=True, nogil=True)
def _fill_float_means(cubes, least, undecided, start, size, filled, origin, holes, voxels, hit, radius):  # type: ignore[no-untyped-def]
    """As `_fill_means`, adding up levels in PLUS's order, x slowest: sums of floats depend on it."""
    for z in range(size[0]):
        for y in range(size[1]):
            row = filled[start[0] + z - origin[0], start[1] + y - origin[1]]
            for x in range(size[2]):
                count = cubes[z, y, x] >> COUNT
                if count and undecided[z, y, x]:
                    undecided[z, y, x] = False
                    if count >= least:
                        at = (start[0] + z, start[1] + y, start[2] + x)
                        row[at[2] - origin[2]] = _known_sum(voxels, hit, at, radius) / count
                        holes[z, y, x] = False


@njit(cache=True, nogil=True)
def _known_sum(voxels, hit, at, radius):  # type: ignore[no-untyped-def]
    depth, height, width = voxels.shape
    total = 0.0
    for x in range(max(0, at[2] - radius), min(width, at[2] + radius + 1)):
        for y in range(max(0, at[1] - radius), min(height, at[1] + radius + 1)):
            for z in range(max(0, at[0] - radius), min(depth, at[0] + radius + 1)):
                if hit[z, y, x]:
                    total += np.float64(voxels[z, y, x])
    return total
