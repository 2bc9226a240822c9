"""Hole filling tile by tile: a part of the volume with the voxels around it, small enough for the cache."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge_sdk.volume.grid import Box


class HoleTile(NamedTuple):
    """Where a tile lies in the volume, (z, y, x), and its size."""

    start: tuple[int, int, int]
    size: tuple[int, int, int]


@dataclass(frozen=True)
class KnownVoxels:
    """What is known: voxels (D, H, W), which of them were hit, and their accumulated weights (uint16)."""

    voxels: NDArray[Any]
    hit: NDArray[np.bool_]
    weights: NDArray[np.uint16] | None


@dataclass(frozen=True)
class FilledBox:
    """What is being filled.

    Attributes:
        filled: The box that was asked for, (D, H, W) of the voxels' type.
        origin: Index of its first voxel in the volume, (z, y, x).
        holes: Mask of the voxels of the current tile that are still to fill; changed by each kernel that fills some.
    """

    filled: NDArray[Any]
    origin: tuple[int, int, int]
    holes: NDArray[np.bool_]


class Filler(Protocol):
    """One kernel with its scratch memory."""

    def fill(self, tile: HoleTile, output: FilledBox) -> None:
        """Fill what it can of the tile's holes."""


def tile_size(box: Box, reach: int) -> tuple[int, int, int]:
    """Size of equal tiles that cover the box: rows long enough for vector instructions, and not small beside what
    is read around them."""
    wanted = (max(16, reach), max(32, reach), max(160, 2 * reach))
    edges = (stop - start for start, stop in zip(box.start, box.stop, strict=True))
    z, y, x = (-(-edge // -(-edge // most)) for edge, most in zip(edges, wanted, strict=True))
    return z, y, x


def tiles(box: Box, size: tuple[int, int, int]) -> list[HoleTile]:
    """The box in tiles, those at its end cut to it."""
    starts = (range(start, stop, step) for start, stop, step in zip(box.start, box.stop, size, strict=True))
    return [
        HoleTile(start, tuple(min(edge, stop - at) for edge, stop, at in zip(size, box.stop, start, strict=True)))  # type: ignore[arg-type]
        for start in itertools.product(*starts)
    ]


@njit(cache=True, nogil=True)
def begin(voxels, hit, start, size, filled, origin, holes):  # type: ignore[no-untyped-def]
    """Copy known voxels, note the others as holes and zero them; returns how many holes there are."""
    count = 0
    for z in range(size[0]):
        for y in range(size[1]):
            at_z, at_y, first = start[0] + z, start[1] + y, start[2]
            known = hit[at_z, at_y, first : first + size[2]]
            source = voxels[at_z, at_y, first : first + size[2]]
            shift = first - origin[2]
            row = filled[at_z - origin[0], at_y - origin[1], shift : shift + size[2]]
            hole = holes[z, y]
            for x in range(size[2]):
                # A voxel of almost no weight has a value but is not known.
                row[x] = source[x] if known[x] else row.dtype.type(0)
                hole[x] = not known[x]
                count += not known[x]
    return count


@njit(cache=True, nogil=True)
def around(start, margin, count, length):  # type: ignore[no-untyped-def]
    """The part of a padded row of `length` that lies in a volume of `count` voxels, and what to add for its index."""
    shift = start - margin
    return max(0, -shift), min(length, count - shift), shift


def read_only(array: Any) -> Any:
    """A contiguous view that may not be written, so that numba compiles once, whatever the caller's array allows."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
