"""Puts posed frames into the volume, and says which voxels each one reached."""

from __future__ import annotations

from collections import Counter, deque

from apps.stream.core.clock import Clock
from apps.stream.pipeline.latency import StageTimer
from apps.stream.pipeline.messages import PosedFrame, Touched
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue
from apps.stream.work.probe_path import ProbePath
from apps.stream.work.shared_volume import SharedVolume

RATE_S, RATE_FRAMES = 2.0, 512


class CompounderStage:
    """Inserts frames in the order of arrival.

    Attributes:
        touched: Boxes of inserted frames; the segmenter takes all that there are at once. Waits when full.
        left_out: Reason → frames that were not inserted.
        newest: The frame that was inserted last.
        path: Positions of the probe so far.
    """

    name = "compounder"

    def __init__(
        self,
        posed: BoundedQueue[PosedFrame],
        volume: SharedVolume,
        timer: StageTimer,
        clock: Clock,
        path: ProbePath,
    ) -> None:
        self._posed, self._volume, self._timer, self._clock = posed, volume, timer, clock
        self.newest: PosedFrame | None = None
        self.path = path
        self._moments: deque[float] = deque(maxlen=RATE_FRAMES)
        self.touched: BoundedQueue[Touched] = BoundedQueue("touched boxes", 1024, "wait")
        self.inputs: tuple[AnyQueue, ...] = (posed,)
        self.outputs: tuple[AnyQueue, ...] = (self.touched,)
        self.left_out: Counter[str] = Counter()

    def run(self) -> None:
        """Insert until the frames end."""
        for posed in self._posed:
            with self._timer.step("compound a frame"):
                touched = self._volume.insert(posed)
            if touched is None:
                self.left_out[self._volume.outside] += 1
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
