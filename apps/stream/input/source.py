"""Frames and poses of a recorded sweep, as they would arrive live."""

from __future__ import annotations

import threading
from typing import Any

from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.input.pacing import Pacing
from apps.stream.pipeline.messages import Frame, Pose, Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.sweep.poses import FramePoses
from edge_sdk.sweep.sweep import Sweep

FRAME_CAPACITY = 32
POSE_CAPACITY = 65_536


class ReplaySource:
    """Plays a sweep at its pace.

    Attributes:
        frames: Drops the oldest frame when full; waits instead where the replay is unpaced, so that none is lost.
        poses: Never dropped; a pose is put before its frame.
        read: Frames put so far.
        first_due, last_due: Time stamps of the first and last frame on the clock, seconds.
    """

    name = "source"

    def __init__(
        self,
        sweep: Sweep,
        poses: FramePoses,
        pacing: Pacing,
        clock: Clock,
        *,
        control: StreamControl | None = None,
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            sweep, poses: What to play.
            pacing: When.
            clock: On which.
            control: Pauses it, where someone does.
            record_to: Where every frame also goes, to be recorded.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        self._sweep, self._poses, self._clock = sweep, poses, clock
        self._control, self._record_to = control, record_to
        self._duration = pacing.duration(sweep.timestamps)
        self._offsets = pacing.offsets(sweep.timestamps, where=sweep.source)
        self._stop = threading.Event()
        self.frames: BoundedQueue[Frame] = BoundedQueue(
            "frames", FRAME_CAPACITY, "wait" if pacing.unpaced else "drop oldest"
        )
        self.poses: BoundedQueue[Pose] = BoundedQueue("poses", POSE_CAPACITY, "refuse")
        self.inputs: tuple[BoundedQueue[Any], ...] = ()
        self.outputs: tuple[BoundedQueue[Any], ...] = (
            self.frames,
            self.poses,
            *([] if record_to is None else [record_to]),
        )
        self.total = len(sweep) * pacing.loops
        self.read = 0
        self.first_due = self.last_due = clock.now()

    def stop(self) -> None:
        """End the sweep here."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether someone ended the sweep before its last frame."""
        return self._stop.is_set() and self.read < self.total

    def run(self) -> None:
        """Put every frame when it is due."""
        start = self.first_due = self._clock.now()
        for number in range(self.total):
            round_, index = divmod(number, len(self._sweep))
            offset = None if self._offsets is None else float(self._offsets[index]) + round_ * self._duration
            start += self._paused()
            if offset is not None:
                self._clock.wait_until(start + offset, self._stop)
            if self._stop.is_set():
                return
            # A late release counts as latency: the frame was due when its time stamp says.
            due = self._clock.now() if offset is None else start + offset
            self.poses.put(Pose(number, self._poses.matrices[index], self._poses.reasons[index]))
            self.frames.put(Frame(number, self._sweep.images[index], due))
            if self._record_to is not None:
                self._record_to.put(_recorded(self._sweep, index, later=round_ * self._duration))
            self.read, self.last_due = number + 1, due

    def _paused(self) -> float:
        """Wait while someone pauses; how long that was, seconds."""
        if self._control is None or self._control.phase != "paused":
            return 0.0
        since = self._clock.now()
        self._control.wait_while("paused", stop=self._stop)
        return self._clock.now() - since


def _recorded(sweep: Sweep, index: int, *, later: float = 0.0) -> Recorded:
    """A frame of a sweep as it is recorded again, its time stamp `later` seconds later."""
    return Recorded(
        image=sweep.images[index],
        timestamp=float(sweep.timestamps[index]) + later,
        poses={name: (each.matrices[index], each.status[index]) for name, each in sweep.transforms.items()},
        image_status=sweep.image_status[index] if sweep.image_status else "OK",
        fields=sweep.fields[index] if sweep.fields else {},
    )
