"""Puts posed frames into the growing volume, and says which voxels each one reached."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.clock import Clock
from apps.stream.pipeline.latency import StageTimer
from apps.stream.pipeline.messages import PosedFrame, Touched
from apps.stream.pipeline.queues import BoundedQueue
from apps.stream.work.probe_path import ProbePath
from edge_sdk.errors import StreamError
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.holes.filling import fill_holes, reach
from edge_sdk.volume.settings import HoleFilling

OUTSIDE = "outside the volume"
RATE_S, RATE_FRAMES = 2.0, 512
LOCK_S = 30.0
"""Who waits for the volume gives up after this: the frame before is stuck."""


class Compounding(Protocol):
    """What the stream needs of `edge_sdk.volume.compounding.Compounder`."""

    grid: Grid

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64], /) -> Box | None: ...

    def read(self, box: Box | None = None, /) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]: ...


class GrowingVolume:
    """A volume that one thread fills while another reads consistent parts of it, with their holes filled.

    Attributes:
        grid: Where the voxels lie.
    """

    def __init__(self, compounder: Compounding, filling: Sequence[HoleFilling] = ()) -> None:
        """
        Args:
            compounder: Where frames go.
            filling: Kernels for holes, applied to what is read only.
        """
        self.grid = compounder.grid
        self._compounder = compounder
        self._filling, self._reach = filling, reach(filling)
        self._mutex = threading.Lock()
        self._inserted = 0

    @property
    def inserted(self) -> int:
        """Frames in the volume."""
        return self._inserted

    def insert(self, posed: PosedFrame) -> Touched | None:
        """Add a frame; None where it misses the volume."""
        with self._lock():
            box = self._compounder.insert(posed.frame.image, posed.image_to_world)
            if box is None:
                return None
            self._inserted += 1
            return Touched(posed.frame.index, posed.frame.due, self._grown(box), self._inserted)

    def read(self, box: Box) -> tuple[NDArray[np.uint8], int]:
        """A copy of the voxels in `box`, and how many frames the volume held when it was taken."""
        around = self._grown(box)
        with self._lock():
            (voxels, weights), inserted = self._compounder.read(around), self._inserted
        if not self._filling:
            return voxels, inserted
        inner = box.counted_from(around.start)
        return fill_holes(voxels, weights > 0, self._filling, weights=weights, box=inner), inserted

    def voxels(self) -> NDArray[np.uint8]:
        """A copy of all voxels, (D, H, W)."""
        return self.read(Box((0, 0, 0), self.grid.shape))[0]

    def hit(self) -> NDArray[np.bool_]:
        """Which voxels have received a pixel, (D, H, W)."""
        with self._lock():
            return self._compounder.read()[1] > 0

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
        start, stop = np.subtract(box.start, self._reach), np.add(box.stop, self._reach)
        return Box.between(np.maximum(start, 0), np.minimum(stop, self.grid.shape))


class CompounderStage:
    """Inserts frames in the order of arrival.

    Attributes:
        touched: Boxes of inserted frames; the segmenter takes all that there are at once. Waits when full.
        left_out: Reason → frames that were not inserted.
        newest: The frame that was inserted last.
        path: Where the probe went.
    """

    name = "compounder"

    def __init__(
        self,
        posed: BoundedQueue[PosedFrame],
        volume: GrowingVolume,
        timer: StageTimer,
        clock: Clock,
        path: ProbePath,
    ) -> None:
        self._posed, self._volume, self._timer, self._clock = posed, volume, timer, clock
        self.newest: PosedFrame | None = None
        self.path = path
        self._moments: deque[float] = deque(maxlen=RATE_FRAMES)
        self.touched: BoundedQueue[Touched] = BoundedQueue("touched boxes", 1024, "wait")
        self.inputs: tuple[BoundedQueue[Any], ...] = (posed,)
        self.outputs: tuple[BoundedQueue[Any], ...] = (self.touched,)
        self.left_out: Counter[str] = Counter()

    def run(self) -> None:
        """Insert until the frames end."""
        for posed in self._posed:
            with self._timer.step("compound a frame"):
                touched = self._volume.insert(posed)
            if touched is None:
                self.left_out[OUTSIDE] += 1
            else:
                self.newest = posed
                self.path.add(posed.image_to_world)
                self._moments.append(self._clock.now())
                self.touched.put(touched)

    @property
    def frames_per_second(self) -> float:
        """Frames inserted in the last two seconds, per second."""
        now = self._clock.now()
        return sum(now - moment <= RATE_S for moment in list(self._moments)) / RATE_S
