"""PLUS's NEAREST_NEIGHBOR kernel: the mean of the closest known voxels (IGSIO vtkIGSIOFillHolesInVolume, BSD-3)."""

from __future__ import annotations

import numpy as np
from numba import njit

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
            _fill_means(
                self._sums.cubes, self._least, self._undecided,
                tile.start, tile.size, output.filled, output.origin, output.holes,
            )  # fmt: skip


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
                        row[start[2] + x - origin[2]] = (cube & ((np.int64(1) << COUNT) - 1)) // count
                        holes[z, y, x] = False
