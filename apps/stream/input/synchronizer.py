"""Gives each frame its pose; leaves out and counts the frames that have none."""

from __future__ import annotations

from collections import Counter
from typing import Any

from apps.stream.pipeline.messages import Frame, Pose, PosedFrame
from apps.stream.pipeline.queues import BoundedQueue

NO_POSE = "no pose arrived for the frame"
SKIPPED = "skip interval"


class Synchronizer:
    """Joins frames and poses by frame number.

    Attributes:
        posed: Waits when full: frames are dropped, and counted, in one place only, the source's queue.
        left_out: Reason → frames that were not passed on.
    """

    name = "synchronizer"

    def __init__(self, frames: BoundedQueue[Frame], poses: BoundedQueue[Pose], *, skip_interval: int = 1) -> None:
        """
        Args:
            frames, poses: What to join; a pose comes before its frame.
            skip_interval: Pass on every n-th frame only (PLUS's SkipInterval).
        """
        self._frames, self._poses, self._skip_interval = frames, poses, skip_interval
        self._known: dict[int, Pose] = {}
        self.posed: BoundedQueue[PosedFrame] = BoundedQueue("posed frames", 4, "wait")
        self.inputs: tuple[BoundedQueue[Any], ...] = (frames, poses)
        self.outputs: tuple[BoundedQueue[Any], ...] = (self.posed,)
        self.left_out: Counter[str] = Counter()

    def run(self) -> None:
        """Join until the frames end."""
        for frame in self._frames:
            self._known |= {pose.index: pose for pose in self._poses.drain()}
            pose = self._known.get(frame.index)
            self._known = {index: later for index, later in self._known.items() if index > frame.index}
            reason = NO_POSE if pose is None else pose.reason
            if frame.index % self._skip_interval:
                reason = SKIPPED
            if reason or pose is None:
                self.left_out[reason] += 1
            else:
                self.posed.put(PosedFrame(frame, pose.image_to_world))
