"""A live volume whose extent nobody knows beforehand: it grows with the sweep, up to a limit of memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.tiling import TileLattice
from edge_sdk.sweep.outside import OUTSIDE
from edge_sdk.volume.grid import Box, Extent, Grid
from edge_sdk.volume.growing import GrowingCompounder, VolumeMemoryError

BEYOND = "beyond the memory limit"
"""Reason for which a frame is left out that lies where the volume may not grow to."""

Fits = Callable[[Grid, int], bool]
"""Whether a stream stays within its memory limit with a volume on this grid that takes so many `bytes_beside`."""


class GrowingVolume:
    """Grows by whole tiles of the network when a frame reaches beyond it, and never shrinks; see `StreamVolume`.

    Where the volume may not grow, a frame is inserted as far as it lies within what is there.

    Attributes:
        extent: Extent of the volume now; its lattice begins at the first voxel of the first grid.
        limit_reached: Whether the volume was to grow and could not.
        cut_frames: Frames of which only a part was inserted.
    """

    def __init__(self, compounder: GrowingCompounder, first: Grid, lattice: TileLattice, fits: Fits) -> None:
        """
        Args:
            compounder: Inserts the frames; its origin is the first voxel of `first`.
            first: Grid before the first frame.
            lattice: Steps in which the volume grows, voxels.
            fits: Asked before the volume grows.
        """
        self._compounder, self._lattice, self._fits = compounder, lattice, fits
        self.extent = Extent(first)
        self.limit_reached = False
        self.cut_frames = 0
        self._cuts = False

    @property
    def bytes_beside(self) -> int:
        return self._compounder.bytes_beside(self.extent.box)

    @property
    def outside(self) -> str:
        return BEYOND if self.limit_reached else OUTSIDE

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64], /) -> Box | None:
        self._cuts = False
        try:
            box = self._compounder.insert(image, image_to_world, within=self._grown_for)
        except VolumeMemoryError:  # less than `fits` promised: what is there stays
            self.limit_reached = True
            return None
        self.cut_frames += self._cuts and box is not None
        return box

    def read(self, box: Box, /) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        return self._compounder.read(box)

    def _grown_for(self, needed: Box) -> Box:
        """Grow until `needed` lies within, if that may be; the box that the volume takes then."""
        held = self.extent.box
        if held.holds(needed):
            return held
        grown = self._lattice.grown(held, needed)
        grid = self._compounder.grid_of(grown)
        if self._fits(grid, self._compounder.bytes_beside(grown)):
            self.extent = Extent(grid, grown.start)
            return grown
        self._cuts = self.limit_reached = True
        return held


def first_grid(corners: NDArray[np.float64], spacing: tuple[float, float, float], lattice: TileLattice) -> Grid:
    """The smallest grid in `lattice` that holds a frame, with the frame in its middle.

    Args:
        corners: (N, 3) mm, of the frame's pixels.
        spacing: mm per voxel (x, y, z).
        lattice: Shapes that the grid may have.
    """
    low, high = corners.min(0), corners.max(0)
    width, height, depth = (math.ceil(count) + 1 for count in (high - low) / spacing)
    shape = lattice.shape_for((depth, height, width))
    x, y, z = (low + high) / 2 - (np.array(shape[::-1]) - 1) / 2 * spacing
    return Grid(shape, spacing, (float(x), float(y), float(z)))
