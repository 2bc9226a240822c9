"""PLUS's kernels that weight the known voxels of a cube around a hole (IGSIO vtkIGSIOFillHolesInVolume, BSD-3).

Whole rows of holes are added up at once, each hole's voxels in PLUS's order, x slowest: sums of floats depend on it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge_sdk.volume.arithmetic.conversion import truncated
from edge_sdk.volume.holes.cubes import COUNT, CubeSums, cube_reach, least_known
from edge_sdk.volume.holes.parts import FilledBox, HoleTile, KnownVoxels, around
from edge_sdk.volume.settings import HoleFilling


class WeightedFiller:
    """GAUSSIAN, GAUSSIAN_ACCUMULATION and DISTANCE_WEIGHT_INVERSE: the weighted mean of known voxels."""

    def __init__(self, element: HoleFilling, source: KnownVoxels, size: tuple[int, int, int]) -> None:
        self._source, self._least = source, least_known(element)
        self._weights = cube_weights(element)
        self._accumulated = source.weights if element.kernel == "GAUSSIAN_ACCUMULATION" else None
        self._sums = CubeSums(cube_reach(element), size)
        shape = self._sums.packed.shape
        self._values, self._shares = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._seen = np.empty(shape[:2], np.bool_)

    def fill(self, tile: HoleTile, output: FilledBox) -> None:
        if not self._sums.load(self._source, tile):
            return
        margin = self._sums.margin
        self._sums.sum(margin)
        _unpack(self._sums.packed, self._shares, self._seen)
        _load_values(self._source.voxels, tile.start, self._shares, self._values, margin)
        if self._accumulated is not None:
            _load_shares(self._accumulated, tile.start, self._shares, margin)
        _fill_weighted(
            self._sums.cubes, self._values, self._shares, self._seen, self._weights, self._least,
            tile.start, tile.size, output.filled, output.origin, output.holes,
        )  # fmt: skip


def cube_weights(element: HoleFilling) -> NDArray[np.float32]:
    """Weights of the voxels of a cube, [z, y, x], rounded to float32 where PLUS does.

    For an even size they are PLUS's too: centered half a voxel further than the voxels it reads.
    """
    edge = 2 * cube_reach(element) + 1
    steps = np.arange(edge) - (element.size - 1) / 2.0
    z, y, x = steps[:, None, None] ** 2, steps[:, None] ** 2, steps**2
    if element.kernel == "DISTANCE_WEIGHT_INVERSE":
        distance = np.sqrt(x + y + z).astype(np.float32)
        inverse: NDArray[np.float32] = np.zeros(distance.shape, np.float32)
        np.divide(np.float32(1), distance, out=inverse, where=distance > 0)
        return inverse
    with np.errstate(all="ignore"):
        deviation = float(np.float32(element.deviation))
        divisor = float(np.float32(deviation * deviation)) * 2.0
        scale = np.float32(1) / np.float32(math.pow(2.0 * math.pi, 1.5) * deviation**3)
        exponents = -(x / divisor + y / divisor + z / divisor)
        exponentials = np.array([math.exp(value) for value in exponents.flat])  # the C library's, as in PLUS
        return (float(scale) * exponentials).astype(np.float32).reshape(exponents.shape)


@njit(cache=True, nogil=True)
def _unpack(packed, shares, seen):  # type: ignore[no-untyped-def]
    """A share of 1 for each known voxel, and which rows hold any."""
    for z in range(packed.shape[0]):
        for y in range(packed.shape[1]):
            seen[z, y] = False
            for x in range(packed.shape[2]):
                known = packed[z, y, x] >> COUNT
                shares[z, y, x] = known
                seen[z, y] |= known > 0


@njit(cache=True, nogil=True)
def _load_values(voxels, start, shares, values, margin):  # type: ignore[no-untyped-def]
    """Levels of the known voxels, those with a share; all others are 0."""
    depth, height, width = voxels.shape
    first, last, shift = around(start[2], margin, width, values.shape[2])
    values[:] = 0
    for z in range(max(0, margin - start[0]), min(values.shape[0], depth + margin - start[0])):
        for y in range(max(0, margin - start[1]), min(values.shape[1], height + margin - start[1])):
            source, known, row = voxels[start[0] + z - margin, start[1] + y - margin], shares[z, y], values[z, y]
            for x in range(first, last):
                row[x] = np.float32(source[x + shift]) if known[x] > 0 else np.float32(0)


@njit(cache=True, nogil=True)
def _load_shares(accumulated, start, shares, margin):  # type: ignore[no-untyped-def]
    """Accumulated weights in place of shares of 1."""
    depth, height, width = accumulated.shape
    first, last, shift = around(start[2], margin, width, shares.shape[2])
    for z in range(max(0, margin - start[0]), min(shares.shape[0], depth + margin - start[0])):
        for y in range(max(0, margin - start[1]), min(shares.shape[1], height + margin - start[1])):
            source = accumulated[start[0] + z - margin, start[1] + y - margin]
            row = shares[z, y]
            for x in range(first, last):
                row[x] *= source[x + shift]


@njit(cache=True, nogil=True)
def _add_weighted(totals, weights, values, shares, weight):  # type: ignore[no-untyped-def]
    for x in range(len(totals)):
        share = np.float64(np.float32(shares[x] * weight))  # rounded as PLUS's product
        totals[x] += np.float64(values[x]) * share
        weights[x] += share


@njit(cache=True, nogil=True)
def _in_need(cubes, holes, least):  # type: ignore[no-untyped-def]
    """The part of a row, (start, stop), outside which no hole has known voxels enough."""
    start, stop = len(holes), 0
    for x in range(len(holes)):
        if holes[x] and cubes[x] >> COUNT >= least:
            start, stop = min(start, x), x + 1
    return start, stop


@njit(cache=True, nogil=True)
def _fill_weighted(cubes, values, shares, seen, weights, least, start, size, filled, origin, holes):  # type: ignore[no-untyped-def]
    edge = len(weights)
    totals, divisors = np.empty(size[2]), np.empty(size[2])
    for z in range(size[0]):
        for y in range(size[1]):
            first, last = _in_need(cubes[z, y, : size[2]], holes[z, y, : size[2]], least)
            if first >= last:
                continue
            totals[first:last] = 0.0
            divisors[first:last] = 0.0
            for kx in range(edge):
                for ky in range(edge):
                    for kz in range(edge):
                        if seen[z + kz, y + ky]:
                            _add_weighted(
                                totals[first:last],
                                divisors[first:last],
                                values[z + kz, y + ky, kx + first : kx + last],
                                shares[z + kz, y + ky, kx + first : kx + last],
                                weights[kz, ky, kx],
                            )
            row = filled[start[0] + z - origin[0], start[1] + y - origin[1]]
            for x in range(first, last):
                if holes[z, y, x] and cubes[z, y, x] >> COUNT >= least and divisors[x] != 0.0:
                    row[start[2] + x - origin[2]] = truncated(totals[x] / divisors[x], row[0])
                    holes[z, y, x] = False
