"""Frames and poses of a recorded sweep, as they would arrive live."""

from __future__ import annotations

import threading
from typing import Any

from apps.stream.clock import Clock
from apps.stream.messages import Frame, Pose, Recorded
from apps.stream.queues import BoundedQueue
from apps.stream.recording import recorded
from apps.stream.uri import Pacing
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
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            sweep, poses: What to play.
            pacing: When.
            clock: On which.
            record_to: Where every frame also goes, to be recorded.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        self._sweep, self._poses, self._clock = sweep, poses, clock
        self._record_to = record_to
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
        self.read = 0
        self.first_due = self.last_due = clock.now()

    def stop(self) -> None:
        """End the sweep here."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether someone ended the sweep before its last frame."""
        return self._stop.is_set() and self.read < len(self._sweep)

    def run(self) -> None:
        """Put every frame when it is due."""
        start = self.first_due = self._clock.now()
        for index in range(len(self._sweep)):
            if self._offsets is not None:
                self._clock.wait_until(start + self._offsets[index], self._stop)
            if self._stop.is_set():
                return
            # A late release counts as latency: the frame was due when its time stamp says.
            due = self._clock.now() if self._offsets is None else start + float(self._offsets[index])
            self.poses.put(Pose(index, self._poses.matrices[index], self._poses.reasons[index]))
            self.frames.put(Frame(index, self._sweep.images[index], due))
            if self._record_to is not None:
                self._record_to.put(recorded(self._sweep, index))
            self.read, self.last_due = index + 1, due
