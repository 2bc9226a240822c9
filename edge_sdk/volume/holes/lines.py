"""The shortest sticks through every voxel of a tile, for the STICK kernel.

Along each of 13 lines, steps to the closest known voxel ahead and behind run through the tile as saturating
counters, whole rows at a time: a voxel's cost does not depend on how far away known voxels are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from edge_sdk.volume.holes.parts import around

# One of each pair of opposite directions to the 26 neighbors, (z, y, x). Which of the two counts as forward, and
# the order, are PLUS's: its weights of the two ends are not symmetric, and its sums are rounded.
LINES = np.array(
    [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (0, -1, 1), (-1, 0, 1), (-1, 1, 0),
     (1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1)],
    np.int64,
)  # fmt: skip
KINDS = np.array([0, 3, 9, 13])
"""Lines of one kind, with steps of equal length, lie together: along an axis, in a plane, in space."""


@njit(cache=True, nogil=True)
def _copy_unknown(row, known):  # type: ignore[no-untyped-def]
    """All bits set where a voxel is not known; returns whether any is."""
    seen = False
    for x in range(len(row)):
        row[x] = np.int64(known[x]) - 1
        seen |= known[x]
    return seen


@njit(cache=True, nogil=True)
def load_unknown(hit, start, unknown, margin):  # type: ignore[no-untyped-def]
    """Copy the tile with `margin` voxels around it, unknown outside the volume; returns whether any is known."""
    depth, height, width = hit.shape
    first, last, shift = around(start[2], margin, width, unknown.shape[2])
    seen = False
    for z in range(unknown.shape[0]):
        for y in range(unknown.shape[1]):
            row = unknown[z, y]
            row[:] = -1
            at_z, at_y = start[0] + z - margin, start[1] + y - margin
            if 0 <= at_z < depth and 0 <= at_y < height:
                seen |= _copy_unknown(row[first:last], hit[at_z, at_y, first + shift : last + shift])
    return seen


@njit(cache=True, nogil=True)
def _step_row(row, previous, unknown, most):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        row[x] = (min(previous[x], most) + 1) & unknown[x]


@njit(cache=True, nogil=True)
def _scan_row(row, unknown, dx, most):  # type: ignore[no-untyped-def]
    steps = most
    for k in range(len(row)):
        x = len(row) - 1 - k if dx > 0 else k
        steps = np.uint8((min(steps, most) + 1) & unknown[x])
        row[x] = steps


@njit(cache=True, nogil=True)
def _measure(steps, unknown, line, size, margin):  # type: ignore[no-untyped-def]
    """Steps from each voxel to the closest known one in the direction `line`; `margin` where there is none.

    The outermost voxels of `steps` hold `margin` and stay.
    """
    dz, dy, dx = line
    most = np.uint8(margin - 1)
    z_start, z_stop = _needed(dz, size[0], margin)
    y_start, y_stop = _needed(dy, size[1], margin)
    x_start, x_stop = _needed(dx, size[2], margin)
    for i in range(z_stop - z_start):
        z = z_stop - 1 - i if dz > 0 else z_start + i
        for j in range(y_stop - y_start):
            y = y_stop - 1 - j if dy > 0 else y_start + j
            row, mask = steps[z, y], unknown[z, y]
            if dz != 0 or dy != 0:
                before = steps[z + dz, y + dy, x_start + dx : x_stop + dx]
                _step_row(row[x_start:x_stop], before, mask[x_start:x_stop], most)
            else:
                _scan_row(row[x_start:x_stop], mask[x_start:x_stop], dx, most)


@njit(cache=True, nogil=True)
def _needed(step, size, margin):  # type: ignore[no-untyped-def]
    """Indices on one axis that a tile's voxels look at in the direction `step`."""
    return 1 if step < 0 else margin, size + 2 * margin - 1 if step > 0 else size + margin


@njit(cache=True, nogil=True)
def _keep_best(spans, ties, ahead, behind, bit):  # type: ignore[no-untyped-def]
    for x in range(len(spans)):
        span = np.uint8(ahead[x] + behind[x] + 1)
        before = ties[x]
        together = before | bit if span == spans[x] else before
        ties[x] = bit if span < spans[x] else together
        spans[x] = min(spans[x], span)


@njit(cache=True, nogil=True)
def _keep_all(spans, ties, ahead, behind, bit, limit):  # type: ignore[no-untyped-def]
    for x in range(len(spans)):
        span = np.uint8(ahead[x] + behind[x] + 1)
        ties[x] |= bit if span <= limit else np.uint8(0)
        spans[x] = min(spans[x], span)


@njit(cache=True, nogil=True)
def find_spans(unknown, ahead, behind, spans, ties, lines, kinds, limit, wanted):  # type: ignore[no-untyped-def]
    """For each voxel and kind of line the shortest span, above `limit` where there is none, and the lines that have
    it, one bit each (where more than one stick is wanted: those that have any)."""
    margin = limit - 1
    _, depth, height, width = spans.shape
    size = (depth, height, width)
    spans[:] = limit + 1
    ties[:] = 0
    for kind in range(3):
        for i in range(kinds[kind], kinds[kind + 1]):
            _measure(ahead, unknown, lines[i], size, margin)
            _measure(behind, unknown, -lines[i], size, margin)
            bit = np.uint8(1 << (i - kinds[kind]))
            for z in range(depth):
                for y in range(height):
                    forward = ahead[z + margin, y + margin, margin : margin + width]
                    back = behind[z + margin, y + margin, margin : margin + width]
                    if wanted == 1:
                        _keep_best(spans[kind, z, y], ties[kind, z, y], forward, back, bit)
                    else:
                        _keep_all(spans[kind, z, y], ties[kind, z, y], forward, back, bit, limit)
