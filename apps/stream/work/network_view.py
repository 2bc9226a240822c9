"""The growing volume as the network needs it: at the spacing that it was trained on."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.work.compounder import GrowingVolume
from edge_sdk.inference.resampling import nearest_on, resample, same_spacing
from edge_sdk.volume.grid import Box, Grid, Volume

Spacing = tuple[float, float, float]


class NetworkView(Protocol):
    """Reads of a growing volume on the network's grid; `edge_sdk.segment` sees a whole volume the same way."""

    @property
    def grid(self) -> Grid:
        """The network's."""

    @property
    def voxel_bytes(self) -> int:
        """Size of a voxel that `read` gives."""

    @property
    def held_bytes(self) -> int:
        """Memory that it takes at most beside the volume."""

    def begin_turn(self) -> None:
        """Called before the tiles of one turn are read."""

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        """A consistent copy of the voxels in `box`, and how many frames they hold."""

    def reached(self, box: Box) -> Box:
        """The box of the network's grid that a box of the volume's grid influences."""

    def finished(self, voxels: NDArray[np.uint8]) -> NDArray[Any]:
        """The final volume's voxels on the network's grid."""

    def brought_back(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels of the network's grid on the volume's grid."""


class DirectView:
    """The volume has the network's spacing: each tile is copied as it is at that moment."""

    def __init__(self, volume: GrowingVolume) -> None:
        self._volume = volume
        self.grid, self.voxel_bytes, self.held_bytes = volume.grid, 1, 0

    def begin_turn(self) -> None:
        """Nothing to prepare."""

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        return self._volume.read(box)

    def reached(self, box: Box) -> Box:
        return box

    def finished(self, voxels: NDArray[np.uint8]) -> NDArray[Any]:
        return voxels

    def brought_back(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return mask


class ResampledView:
    """The volume has another spacing: it is resampled as a whole, once for the tiles of a turn."""

    def __init__(self, volume: GrowingVolume, spacing: Spacing) -> None:
        """
        Args:
            volume: Where the frames go.
            spacing: The package's, mm (x, y, z).
        """
        self._volume, self._wanted = volume, spacing
        self._order = 0
        self._current = self._resampled(np.zeros(volume.grid.shape, np.uint8))
        self.grid, self.voxel_bytes = self._current.grid, self._current.voxels.itemsize
        # A snapshot with its weights and as float32; the resampled voxels, and those of the turn before.
        self.held_bytes = math.prod(volume.grid.shape) * (3 + 4) + 2 * self._current.voxels.nbytes

    def begin_turn(self) -> None:
        """Take and resample a snapshot."""
        grid = self._volume.grid
        voxels, self._order = self._volume.read(Box((0, 0, 0), grid.shape))
        self._current = self._resampled(voxels)

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        return self._current.voxels[box.slices].copy(), self._order

    def reached(self, box: Box) -> Box:
        corners = np.array([[*box.start[::-1], 1], [*(np.array(box.stop[::-1]) - 1), 1]]).T
        to_network = np.linalg.inv(self._current.grid.index_to_world) @ self._volume.grid.index_to_world
        # The filter is a tent, at most one voxel of the coarser grid to either side; at the border it is repeated.
        reach = np.maximum(np.divide(self._volume.grid.spacing, self.grid.spacing), 1.0)[::-1] + 1
        first, last = (to_network @ corners)[2::-1].T
        start, stop = np.floor(first - reach).astype(int), np.ceil(last + reach).astype(int) + 1
        return Box.between(np.maximum(start, 0), np.minimum(stop, self.grid.shape))

    def finished(self, voxels: NDArray[np.uint8]) -> NDArray[Any]:
        return self._resampled(voxels).voxels

    def brought_back(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return nearest_on(self._current.with_voxels(mask), self._volume.grid)

    def _resampled(self, voxels: NDArray[np.uint8]) -> Volume:
        return resample(Volume(voxels, self._volume.grid), self._wanted)


def network_view(volume: GrowingVolume, spacing: Spacing) -> NetworkView:
    """The view for a package of a given spacing, by the same rule as `edge_sdk.segment`."""
    return DirectView(volume) if same_spacing(volume.grid, spacing) else ResampledView(volume, spacing)


def resampling_summary(grid: Grid, spacing: Spacing) -> str:
    """One line for the report: whether the network saw the volume as it is."""
    if same_spacing(grid, spacing):
        return "none: the volume has the package's spacing"
    have, want = (" × ".join(f"{step:g}" for step in steps) for steps in (grid.spacing, spacing))
    return f"volume of {have} mm resampled to {want} mm for the network, labels brought back (nearest)"
