"""The volume as the network needs it: in its order of axes, and at the spacing that it was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.work.oriented_volume import OrientedVolume
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.network_grid import NetworkGrid, Places
from edge_sdk.inference.resampling import ReadableVoxels, ResampledVoxels
from edge_sdk.inference.tiling import Tile, TileLattice
from edge_sdk.volume.grid import Box, Extent, Grid, Volume
from edge_sdk.volume.orientation import AxisOrder

Spacing = tuple[float, float, float]
_WHOLE = 1e-3
"""Voxels: a shift that is so close to whole voxels is one."""
_MOST_STEPS = 8


@dataclass(frozen=True)
class Growth:
    """How a volume has grown.

    Attributes:
        offset: Index (z, y, x) in the new network's grid of the old one's first voxel; the nearest, where it lies
            between voxels.
        exact: Whether it lies on a voxel, so that the old voxels are some of the new ones.
        volume_offset: Index (z, y, x) in the new volume, in its own axes, of the old one's first voxel.
    """

    offset: tuple[int, int, int]
    exact: bool
    volume_offset: tuple[int, int, int]


class NetworkView:
    """Reads of a volume on the network's grid; `edge_sdk.segment` sees a whole volume the same way.

    It shows the volume as large as it was when `follow` was called last. One thread uses it.

    Attributes:
        border: Voxels of the network's grid by which a change of the volume's border may reach into it.
    """

    def __init__(self, volume: SharedVolume, spacing: Spacing, order: AxisOrder | None = None) -> None:
        """
        Args:
            volume: Volume that the frames are inserted into.
            spacing: mm per voxel (x, y, z) that the network was trained on.
            order: From the volume's axes to the network's; None leaves them.
        """
        self._volume, self._spacing = OrientedVolume(volume, order or AxisOrder()), spacing
        self._grids = NetworkGrid(self._volume.extent.grid, spacing)
        finest = max(1.0 / min(axis.step, 1.0) for axis in self._grids.axes)
        self.border = volume.reach if self._grids.is_image else math.ceil((volume.reach + 1) * finest) + 1

    @property
    def extent(self) -> Extent:
        """Extent of the volume, in its own axes."""
        return self._volume.stored

    @property
    def grid(self) -> Grid:
        """The network's grid."""
        return self._grids.grid

    def follow(self) -> Growth | None:
        """Show the volume as large as it is now; how it has grown, or None where it has not."""
        stored, before, step = self._volume.stored, self._volume.extent, [axis.step for axis in self._grids.axes]
        first = [axis.first for axis in self._grids.axes]
        if not self._volume.follow():
            return None
        self._grids = NetworkGrid(self._volume.extent.grid, self._spacing)
        moved = np.subtract(before.start, self._volume.extent.start)
        shift = (moved + first - [axis.first for axis in self._grids.axes]) / step
        z, y, x = (int(offset) for offset in np.rint(shift))
        exact = bool(np.abs(shift - (z, y, x)).max() < _WHOLE)
        return Growth((z, y, x), exact, _triple(np.subtract(stored.start, self._volume.stored.start)))

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        """A consistent copy of the voxels in `box` of the network's grid, and how many frames they hold."""
        part = _Part(self._volume)
        voxels = self._on_network(part)[box.slices]
        return voxels, part.frames

    def reached(self, box: Box) -> Box:
        """The box of the network's grid that a box of the volume's lattice influences."""
        return self._grids.reached(self._volume.here(box))

    def finished(self, volume: Volume) -> ReadableVoxels:
        """The final volume's voxels on the network's grid."""
        return self._on_network(self._volume.order.apply(volume.voxels))

    def label_box(self, tile: Tile) -> Box:
        """The box of the volume, its axes in the network's order, whose labels come from a tile."""
        return self._grids.owned(tile)

    def places(self, tile: Tile) -> Places:
        """Where the voxels of `label_box` lie in the tile's patch."""
        return self._grids.places(self._grids.owned(tile), tile)

    def ordered(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A view of an array of the volume, its axes in the network's order."""
        return self._volume.order.apply(labels)

    def _on_network(self, voxels: ReadableVoxels) -> ReadableVoxels:
        return voxels if self._grids.is_image else ResampledVoxels(voxels, self._grids)


class _Part:
    """Voxels of a growing volume that are copied when they are read.

    Attributes:
        shape: (D, H, W) of the volume.
        frames: Frames in the voxels that were read last.
    """

    def __init__(self, volume: OrientedVolume) -> None:
        self._volume, self.shape, self.frames = volume, volume.extent.grid.shape, 0

    def __getitem__(self, part: tuple[slice, slice, slice], /) -> NDArray[Any]:
        stop = [min(piece.stop, size) for piece, size in zip(part, self.shape, strict=True)]
        box = Box.between([piece.start for piece in part], stop)
        voxels, self.frames = self._volume.read(box.moved(self._volume.extent.start))
        return voxels


def lattice_in_volume(
    lattice: TileLattice, volume_spacing: Spacing, spacing: Spacing, order: AxisOrder | None = None
) -> TileLattice:
    """The lattice of the network's tiles in voxels of a volume of another spacing, as far as they are whole.

    Where no few steps of the network are a whole number of voxels, tiles move when the volume grows: that costs
    inferences, and nothing else.

    Args:
        lattice: Lattice of the network's tiles, in voxels of the network's grid.
        volume_spacing: mm per voxel of the volume (x, y, z).
        spacing: mm per voxel that the network was trained on (x, y, z).
        order: From the volume's axes to the network's; None where they are the same.
    """
    order = order or AxisOrder()
    one = NetworkGrid(Grid((1, 1, 1), order.spacing(volume_spacing), (0.0, 0.0, 0.0)), spacing)
    ratio = [axis.step for axis in one.axes]
    patch = np.maximum(np.rint(np.multiply(lattice.patch, ratio)), 1)
    step = [_whole_steps(size * by) for size, by in zip(lattice.step, ratio, strict=True)]
    return TileLattice(order.inverse.sizes(_triple(patch)), order.inverse.sizes(_triple(np.array(step))))


def resampling_summary(grid: Grid, spacing: Spacing) -> str:
    """One line for the report: whether the network saw the volume as it is.

    Args:
        grid: Grid of the volume, its axes in the network's order.
        spacing: mm per voxel (x, y, z) that the network was trained on.
    """
    if NetworkGrid(grid, spacing).is_image:
        return "none: the volume has the package's spacing"
    have, want = (" × ".join(f"{step:g}" for step in steps) for steps in (grid.spacing, spacing))
    return f"volume of {have} mm resampled to {want} mm for the network, logits interpolated at its voxels"


def _whole_steps(voxels: float) -> int:
    """A few times `voxels` that is a whole number, or about `voxels`."""
    for times in range(1, _MOST_STEPS + 1):
        if abs(times * voxels - round(times * voxels)) < _WHOLE / _MOST_STEPS:
            return max(1, round(times * voxels))
    return max(1, math.ceil(voxels))


def _triple(values: NDArray[Any]) -> tuple[int, int, int]:
    z, y, x = (int(value) for value in values)
    return z, y, x
