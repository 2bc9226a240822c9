"""What a stream inserts its frames into: a volume of known extent, or one that grows."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.outside import OUTSIDE
from edge_sdk.volume.grid import Box, Extent, Grid


class StreamVolume(Protocol):
    """A volume that frames are inserted into, for one thread at a time; boxes count in its lattice."""

    @property
    def extent(self) -> Extent:
        """Where the voxels lie now; another object once the volume has grown."""

    @property
    def outside(self) -> str:
        """Reason for which a frame is left out that `insert` gave None for."""

    @property
    def bytes_beside(self) -> int:
        """Memory that it takes beside the voxels of its grid, because they come in blocks."""

    @property
    def limit_reached(self) -> bool:
        """Whether the volume was to grow and could not, for want of memory."""

    @property
    def cut_frames(self) -> int:
        """Frames of which only a part was inserted, because the volume could not grow."""

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64], /) -> Box | None:
        """Add a frame, see `Compounder.insert`: a box that holds every voxel changed, or None where there is none."""

    def read(self, box: Box, /) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """Copies of gray levels and weights in `box`, (D, H, W); a weight of 0 is a voxel that no pixel reached."""


class KnownExtent(Protocol):
    """What the stream needs of `edge_sdk.volume.compounding.Compounder`."""

    grid: Grid

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64], /) -> Box | None: ...

    def read(self, box: Box | None = None, /) -> tuple[NDArray[Any], NDArray[np.uint16]]: ...


class FixedVolume:
    """A volume whose extent is known before the first frame; see `StreamVolume`."""

    outside = OUTSIDE
    bytes_beside = 0
    limit_reached = False
    cut_frames = 0

    def __init__(self, compounder: KnownExtent) -> None:
        """
        Args:
            compounder: Inserts the frames.
        """
        self.extent = Extent(compounder.grid)
        self.insert, self.read = compounder.insert, compounder.read
