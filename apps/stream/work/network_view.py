"""The volume as the network needs it: at the spacing that it was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.resampling import resample, resampled_grid, same_spacing
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.volume.grid import Box, Extent, Grid, Volume

Spacing = tuple[float, float, float]
_WHOLE = 1e-3
"""Voxels: a shift that is so close to whole voxels is one."""
_MOST_STEPS = 8


@dataclass(frozen=True)
class Growth:
    """How a grid has grown into another.

    Attributes:
        offset: Index (z, y, x) in the new grid of the old one's first voxel; the nearest, where it lies between voxels.
        exact: Whether it lies on a voxel, so that the old voxels are some of the new ones.
    """

    offset: tuple[int, int, int]
    exact: bool


class NetworkView(Protocol):
    """Reads of a volume on the network's grid; `edge_sdk.segment` sees a whole volume the same way.

    It shows the volume as large as it was when `follow` was called last. One thread uses it.
    """

    @property
    def extent(self) -> Extent:
        """The volume's, as it was then."""

    @property
    def grid(self) -> Grid:
        """The network's."""

    @property
    def border(self) -> int:
        """Voxels of the network's grid by which a change of the volume's border may reach into it."""

    def follow(self) -> Growth | None:
        """Show the volume as large as it is now; how the network's grid has grown, or None where it has not."""

    def begin_turn(self) -> None:
        """Called before the tiles of one turn are read."""

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        """A consistent copy of the voxels in `box` of the network's grid, and how many frames they hold."""

    def reached(self, box: Box) -> Box:
        """The box of the network's grid that a box of the volume's lattice influences."""

    def finished(self, volume: Volume) -> NDArray[Any]:
        """The final volume's voxels on the network's grid."""


class DirectView:
    """The volume has the network's spacing: each tile is copied as it is at that moment."""

    def __init__(self, volume: SharedVolume) -> None:
        """
        Args:
            volume: Volume that the frames are inserted into.
        """
        self._volume, self.border = volume, volume.reach
        self.extent = volume.extent

    @property
    def grid(self) -> Grid:
        return self.extent.grid

    def follow(self) -> Growth | None:
        before, now = self.extent, self._volume.extent
        if now is before:
            return None
        self.extent = now
        z, y, x = (int(offset) for offset in np.subtract(before.start, now.start))
        return Growth((z, y, x), exact=True)

    def begin_turn(self) -> None:
        """Nothing to prepare."""

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        return self._volume.read(box.moved(self.extent.start))

    def reached(self, box: Box) -> Box:
        return box.counted_from(self.extent.start)

    def finished(self, volume: Volume) -> NDArray[Any]:
        return volume.voxels


class ResampledView:
    """The volume has another spacing: it is resampled as a whole, once for the tiles of a turn."""

    def __init__(self, volume: SharedVolume, spacing: Spacing) -> None:
        """
        Args:
            volume: Volume that the frames are inserted into.
            spacing: mm per voxel (x, y, z) that the network was trained on.
        """
        self._volume, self._wanted = volume, spacing
        self.extent = volume.extent
        self._order = 0
        self._current = self._resampled(np.zeros(self.extent.grid.shape, np.uint8))
        self.border = math.ceil((volume.reach + 1) * self._finest) + 1

    @property
    def grid(self) -> Grid:
        return self._current.grid

    @property
    def _finest(self) -> float:
        """Voxels of the network's grid for one of the volume's, at most along any axis; at least 1."""
        return float(np.maximum(np.divide(self.extent.grid.spacing, self._wanted), 1.0).max())

    def follow(self) -> Growth | None:
        now = self._volume.extent
        if now is self.extent:
            return None
        before = self.grid
        self.extent, self._order = now, 0
        self._current = self._resampled(np.zeros(now.grid.shape, np.uint8))
        shift = (np.subtract(before.origin, self.grid.origin) / self.grid.spacing)[::-1]
        z, y, x = (int(offset) for offset in np.rint(shift))
        return Growth((z, y, x), exact=bool(np.abs(shift - (z, y, x)).max() < _WHOLE))

    def begin_turn(self) -> None:
        """Take and resample a snapshot."""
        voxels, self._order = self._volume.read(self.extent.box)
        self._current = self._resampled(voxels)

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        return self._current.voxels[box.slices].copy(), self._order

    def reached(self, box: Box) -> Box:
        corners = np.array([[*box.start[::-1], 1], [*(np.array(box.stop[::-1]) - 1), 1]]).T
        to_network = np.linalg.inv(self.grid.index_to_world) @ self.extent.lattice_to_world
        # The filter is a tent, at most one voxel of the coarser grid to either side; at the border it is repeated.
        reach = np.maximum(np.divide(self.extent.grid.spacing, self.grid.spacing), 1.0)[::-1] + 1
        first, last = (to_network @ corners)[2::-1].T
        start, stop = np.floor(first - reach).astype(int), np.ceil(last + reach).astype(int) + 1
        return Box.between(np.maximum(start, 0), np.minimum(stop, self.grid.shape))

    def finished(self, volume: Volume) -> NDArray[Any]:
        return self._resampled(volume.voxels).voxels

    def _resampled(self, voxels: NDArray[np.uint8]) -> Volume:
        return resample(Volume(voxels, self.extent.grid), self._wanted)


def network_view(volume: SharedVolume, spacing: Spacing) -> NetworkView:
    """The view for a package of a given spacing, by the same rule as `edge_sdk.segment`."""
    return DirectView(volume) if same_spacing(volume.extent.grid, spacing) else ResampledView(volume, spacing)


def network_grid(grid: Grid, spacing: Spacing) -> Grid:
    """The network's grid of a volume on `grid`; `grid` itself where the volume has the package's spacing."""
    return grid if same_spacing(grid, spacing) else resampled_grid(grid, spacing)


def view_bytes(grid: Grid, spacing: Spacing) -> int:
    """Memory that a view of a volume on `grid` takes at most, beside the volume."""
    if same_spacing(grid, spacing):
        return 0
    # A snapshot with its weights and as float32; the resampled voxels, and those of the turn before.
    resampled = math.prod(resampled_grid(grid, spacing).shape) * np.dtype(np.float32).itemsize
    return math.prod(grid.shape) * (3 + 4) + 2 * resampled


def lattice_in_volume(lattice: TileLattice, volume_spacing: Spacing, spacing: Spacing) -> TileLattice:
    """The lattice of the network's tiles in voxels of a volume of another spacing, as far as they are whole.

    Where no few steps of the network are a whole number of voxels, tiles move when the volume grows: that costs
    inferences, and nothing else.

    Args:
        lattice: Lattice of the network's tiles, in voxels of the network's grid.
        volume_spacing: mm per voxel of the volume (x, y, z).
        spacing: mm per voxel that the network was trained on (x, y, z).
    """
    if same_spacing(Grid((1, 1, 1), volume_spacing, (0.0, 0.0, 0.0)), spacing):
        return lattice
    ratio = np.divide(spacing, volume_spacing)[::-1]
    patch = np.maximum(np.rint(np.multiply(lattice.patch, ratio)), 1).astype(int)
    step = [_whole_steps(size * by) for size, by in zip(lattice.step, ratio, strict=True)]
    return TileLattice((int(patch[0]), int(patch[1]), int(patch[2])), (step[0], step[1], step[2]))


def resampling_summary(grid: Grid, spacing: Spacing) -> str:
    """One line for the report: whether the network saw the volume as it is."""
    if same_spacing(grid, spacing):
        return "none: the volume has the package's spacing"
    have, want = (" × ".join(f"{step:g}" for step in steps) for steps in (grid.spacing, spacing))
    return f"volume of {have} mm resampled to {want} mm for the network, labels brought back (nearest)"


def _whole_steps(voxels: float) -> int:
    """A few times `voxels` that is a whole number, or about `voxels`."""
    for times in range(1, _MOST_STEPS + 1):
        if abs(times * voxels - round(times * voxels)) < _WHOLE / _MOST_STEPS:
            return max(1, round(times * voxels))
    return max(1, math.ceil(voxels))
