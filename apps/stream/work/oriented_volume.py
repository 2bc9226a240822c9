"""The shared volume with its axes in the order that the network learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.volume.grid import Box, Extent
from edge_sdk.volume.orientation import AxisOrder


class OrientedVolume:
    """Reads of a growing volume in another order of its axes; boxes and extent count in that order.

    Attributes:
        order: From the volume's axes to these.
        reach: Voxels by which a change spreads when holes are filled.
        stored: Extent of the volume in its own order, as large as it was when `follow` was called last.
        extent: The same in the new order.
    """

    def __init__(self, volume: SharedVolume, order: AxisOrder) -> None:
        """
        Args:
            volume: Volume that the frames are inserted into.
            order: From the volume's axes to these.
        """
        self._volume, self.order, self.reach = volume, order, volume.reach
        self.stored = volume.extent
        self.extent = self._ordered()

    def follow(self) -> bool:
        """Show the volume as large as it is now; whether it has grown."""
        now = self._volume.extent
        if now is self.stored:
            return False
        self.stored = now
        self.extent = self._ordered()
        return True

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        """A copy of the voxels in a box of this order's lattice, and how many frames the volume held."""
        voxels, inserted = self._volume.read(self.order.inverse.lattice(box))
        return np.ascontiguousarray(self.order.apply(voxels)), inserted

    def here(self, box: Box) -> Box:
        """A box of the volume's own lattice, counted from the first voxel of this order's extent."""
        return self.order.lattice(box).counted_from(self.extent.start)

    def _ordered(self) -> Extent:
        return Extent(self.order.grid(self.stored.grid), self.order.lattice(self.stored.box).start)
