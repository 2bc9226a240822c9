"""The volume between the thread that fills it and those that read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.stream_volume import StreamVolume
from apps.stream.pipeline.messages import PosedFrame, Touched
from edge_sdk.errors import StreamError
from edge_sdk.gray_range import GrayRange
from edge_sdk.volume.grid import Box, Extent, Volume
from edge_sdk.volume.holes.filling import fill_holes, reach
from edge_sdk.volume.notes import COMPOUNDED
from edge_sdk.volume.settings import HoleFilling

LOCK_S = 30.0
"""Who waits for the volume gives up after this: the frame before is stuck."""


class SharedVolume:
    """A volume that one thread fills while others read consistent parts of it, with their holes filled.

    Boxes count in the volume's lattice, in which a voxel keeps its index while the volume grows: a box inside the
    extent of one moment can be read at any later one.

    Attributes:
        gray_range: Levels of black and white; None where they are 0 and 255 (uint8).
        clipped_frames: Frames in the volume that hold levels beyond these.
    """

    def __init__(
        self, volume: StreamVolume, filling: Sequence[HoleFilling] = (), gray_range: GrayRange | None = None
    ) -> None:
        """
        Args:
            volume: Volume that frames are inserted into; nobody else may use it.
            filling: Kernels for holes, applied to what is read only.
            gray_range: Levels of black and white; None where they are 0 and 255 (uint8).
        """
        self._volume = volume
        self._filling, self.reach = filling, reach(filling)
        self._mutex = threading.Lock()
        self._inserted = 0
        self.gray_range, self.clipped_frames = gray_range, 0

    @property
    def inserted(self) -> int:
        """Frames in the volume."""
        return self._inserted

    @property
    def extent(self) -> Extent:
        """Where the voxels lie at this moment."""
        return self._volume.extent

    @property
    def outside(self) -> str:
        """Reason for which a frame is left out that `insert` gave None for."""
        return self._volume.outside

    @property
    def limit_reached(self) -> bool:
        """Whether the volume was to grow and could not, for want of memory."""
        return self._volume.limit_reached

    @property
    def cut_frames(self) -> int:
        """Frames of which only a part was inserted, because the volume could not grow."""
        return self._volume.cut_frames

    def insert(self, posed: PosedFrame) -> Touched | None:
        """Add a frame; None where it misses the volume."""
        with self._lock():
            box = self._volume.insert(posed.frame.image, posed.image_to_world)
            if box is None:
                return None
            self._inserted += 1
            self.clipped_frames += _clipped(posed.frame.image, self.gray_range)
            return Touched(posed.frame.index, posed.frame.due, self._grown(box), self._inserted)

    def read(self, box: Box) -> tuple[NDArray[Any], int]:
        """A copy of the voxels in `box`, and how many frames the volume held when it was taken."""
        with self._lock():
            around = self._grown(box)
            (voxels, weights), inserted = self._volume.read(around), self._inserted
        if not self._filling:
            return voxels, inserted
        inner = box.counted_from(around.start)
        return fill_holes(voxels, weights > 0, self._filling, weights=weights, box=inner), inserted

    def whole(self) -> Volume:
        """A copy of all voxels at this moment, (D, H, W), and where they lie."""
        extent = self.extent
        description = {"description": COMPOUNDED}
        return Volume(self.read(extent.box)[0], extent.grid, description, gray_range=self.gray_range)

    def hit(self) -> NDArray[np.bool_]:
        """Which voxels have received a pixel, (D, H, W)."""
        with self._lock():
            return self._volume.read(self.extent.box)[1] > 0

    @contextmanager
    def _lock(self) -> Iterator[None]:
        if not self._mutex.acquire(timeout=LOCK_S):
            raise StreamError(f"a frame is being inserted for more than {LOCK_S:g} s", where="volume")
        try:
            yield
        finally:
            self._mutex.release()

    def _grown(self, box: Box) -> Box:
        """`box` and what its holes depend on, or what depends on it: the same, as kernels are symmetric."""
        there = self.extent.box
        start, stop = np.subtract(box.start, self.reach), np.add(box.stop, self.reach)
        return Box.between(np.maximum(start, there.start), np.minimum(stop, there.stop))


def _clipped(image: NDArray[Any], gray_range: GrayRange | None) -> bool:
    """Whether an image holds levels beyond black and white."""
    return gray_range is not None and bool(((image < gray_range[0]) | (image > gray_range[1])).any())
