"""PLUS's STICK kernel: along straight lines to the closest known voxel on either side (IGSIO, BSD-3).

A stick is what lies between these two, ends included; the shortest count. `holes_lines` finds the lines that have
them, so that only those voxels and lines need PLUS's floating-point arithmetic.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from edge_sdk.volume.arithmetic.conversion import truncated
from edge_sdk.volume.holes.lines import KINDS, LINES, find_spans, load_unknown
from edge_sdk.volume.holes.parts import FilledBox, HoleTile, KnownVoxels
from edge_sdk.volume.settings import HoleFilling

LONGEST = 127
"""The longest stick: the sum of two distances fits in 8 bits."""


class StickFiller:
    """STICK with its scratch memory, for tiles of at most `size`."""

    def __init__(self, element: HoleFilling, source: KnownVoxels, size: tuple[int, int, int]) -> None:
        self._source, self._wanted = source, element.sticks
        self._limit = min(element.stick_length, max(source.voxels.shape))
        shape = tuple(edge + 2 * (self._limit - 1) for edge in size)
        self._unknown = np.empty(shape, np.uint8)
        self._ahead, self._behind = (np.full(shape, self._limit - 1, np.uint8) for _ in range(2))
        self._spans, self._ties = (np.empty((3, *size), np.uint8) for _ in range(2))

    def fill(self, tile: HoleTile, output: FilledBox) -> None:
        if self._limit < 3 or not load_unknown(self._source.hit, tile.start, self._unknown, self._limit - 1):
            return
        find_spans(
            self._unknown, self._ahead, self._behind, self._spans, self._ties, LINES, KINDS, self._limit, self._wanted
        )
        _interpolate(
            self._source.voxels, self._unknown, self._spans, self._ties, LINES, KINDS, self._limit, self._wanted,
            tile.start, tile.size, output.filled, output.origin, output.holes,
        )  # fmt: skip


def stick_reach(element: HoleFilling) -> int:
    """Voxels that a hole's value may depend on lie at most so far away along each axis."""
    return max(0, element.stick_length - 2)


@njit(cache=True, nogil=True)
def _walk(unknown, z, y, x, dz, dy, dx):  # type: ignore[no-untyped-def]
    """Steps to the closest known voxel; there must be one."""
    steps = 1
    while unknown[z + steps * dz, y + steps * dy, x + steps * dx]:
        steps += 1
    return steps


@njit(cache=True, nogil=True)
def _best_kind(spans, z, y, x, limit):  # type: ignore[no-untyped-def]
    """The kind of line whose shortest span is shortest in millimeters; -1 where no kind has one.

    Compared as squares: spans of two kinds are never equally long, as the ratio of their steps is irrational.
    """
    best, least = -1, 0
    for kind in range(3):
        span = int(spans[kind, z, y, x])
        square = span * span * (kind + 1)
        if span <= limit and (best < 0 or square < least):
            best, least = kind, square
    return best


@njit(cache=True, nogil=True)
def _average(values, scores, count, wanted):  # type: ignore[no-untyped-def]
    """Mean of the best `wanted` sticks weighted by score; sticks that are equally good count together."""
    used, total, weight = 0, 0.0, 0.0
    while used < min(wanted, count):
        best = 0.0
        for i in range(count):
            best = max(best, scores[i])
        for i in range(count):
            if scores[i] == best:
                total += values[i] * best
                weight += best
                used += 1
                scores[i] = 0.0
    return total / weight


@njit(cache=True, nogil=True)
def _interpolate(voxels, unknown, spans, ties, lines, kinds, limit, wanted, start, size, filled, origin, holes):  # type: ignore[no-untyped-def]
    """Give each hole the value of its best sticks, in PLUS's arithmetic."""
    margin = limit - 1
    values, scores = np.zeros(len(lines)), np.zeros(len(lines))
    for z in range(size[0]):
        for y in range(size[1]):
            for x in range(size[2]):
                if not holes[z, y, x]:
                    continue
                best = _best_kind(spans, z, y, x, limit)
                if best < 0:
                    continue
                at_z, at_y, at_x = start[0] + z, start[1] + y, start[2] + x
                count = 0
                for kind in range(best if wanted == 1 else 0, best + 1 if wanted == 1 else 3):
                    bits = np.int64(ties[kind, z, y, x])
                    i = kinds[kind]
                    while bits:
                        if bits & 1:
                            dz, dy, dx = lines[i]
                            ahead = _walk(unknown, z + margin, y + margin, x + margin, dz, dy, dx)
                            behind = _walk(unknown, z + margin, y + margin, x + margin, -dz, -dy, -dx)
                            front = voxels[at_z + ahead * dz, at_y + ahead * dy, at_x + ahead * dx]
                            back = voxels[at_z - behind * dz, at_y - behind * dy, at_x - behind * dx]
                            span = ahead + behind + 1
                            share = (behind + 1) / span
                            values[count] = truncated((1.0 - share) * back + share * front, back)
                            scores[count] = 1.0 / (span * math.sqrt(kind + 1.0))
                            count += 1
                        bits >>= 1
                        i += 1
                mean = _average(values, scores, count, wanted)
                filled[at_z - origin[0], at_y - origin[1], at_x - origin[2]] = truncated(mean, voxels[0, 0, 0])
                holes[z, y, x] = False
