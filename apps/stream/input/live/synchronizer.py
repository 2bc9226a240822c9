"""Gives each live frame the pose of its moment; frames without are left out and counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.input.live.poses import LivePoses, Transforms
from apps.stream.pipeline.messages import SKIPPED, Frame, PosedFrame, Recorded
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue
from edge_sdk.sweep.poses import ImagePlacement
from edge_sdk.sweep.sweep import OK
from edge_sdk.volume.pixel_types import UINT8

WAIT_S = 0.2
"""A frame waits so long for its pose, from the moment that it belongs to; a tracker of 10 Hz answers in time."""
REPEATED_S = 2.0
"""No hand and no tracker is so still that all digits of its poses stay the same for so long."""
REPEATED = f"the sensor repeats one pose for more than {REPEATED_S:g} s"
POSED_CAPACITY = 16


class LiveSynchronizer:
    """Joins frames and poses by time.

    Attributes:
        posed: Drops the oldest frame when full: the recording before it holds them all.
        left_out: Reason → frames that were not passed on.
        newest: The frame that came last, with its pose.
    """

    name = "synchronizer"

    def __init__(
        self,
        frames: BoundedQueue[Frame],
        poses: LivePoses,
        placement: ImagePlacement,
        clock: Clock,
        *,
        shape: tuple[int, int],
        pixel_type: np.dtype[Any] = UINT8,
        lag: float = 0.0,
        wait_s: float = WAIT_S,
        skip_interval: int = 1,
        sensor_fails: Callable[[], str] = lambda: "",
        fixed: Mapping[str, NDArray[np.float64]] | None = None,
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            frames: Queue of the frames, in the order of their arrival.
            poses: Poses of the sensor, asked for the moment of each frame.
            placement: Turns a frame's transforms into its pixel-to-world matrix.
            clock: Clock by which the frames are stamped.
            shape: (H, W); other frames are left out.
            pixel_type: Type of the pixels; other frames are left out.
            lag: Seconds: a frame at t takes the pose at t + lag.
            wait_s: Seconds that a frame waits for its pose at most, from the moment that the pose belongs to.
            skip_interval: Pass on every n-th frame only.
            sensor_fails: Why the sensor gives no poses now, or "".
            fixed: Transforms that the recording gets besides the measured ones.
            record_to: Where every frame also goes, posed or not, to be recorded.
        """
        self._frames, self._poses, self._placement, self._clock = frames, poses, placement, clock
        self._pixel_type = pixel_type
        self._shape, self._lag, self._wait_s, self._skip_interval = shape, lag, wait_s, skip_interval
        self._sensor_fails, self._fixed, self._record_to = sensor_fails, dict(fixed or {}), record_to
        self._last_pose: NDArray[np.float64] | None = None
        self._last_change = clock.now()
        self.posed: BoundedQueue[PosedFrame] = BoundedQueue("posed frames", POSED_CAPACITY, "drop oldest")
        self.inputs: tuple[AnyQueue, ...] = (frames,)
        self.outputs: tuple[AnyQueue, ...] = (self.posed, *([] if record_to is None else [record_to]))
        self.left_out: Counter[str] = Counter()
        self.newest: SeenFrame | None = None

    def run(self) -> None:
        """Join until the frames end."""
        for frame in self._frames:
            if frame.image.shape != self._shape:
                self.left_out[f"frame of another size than {self._shape[1]}×{self._shape[0]} pixels"] += 1
                continue
            if frame.image.dtype != self._pixel_type:
                self.left_out[f"frame of another pixel type than {self._pixel_type}"] += 1
                continue
            names = self._placement.tracked
            wanted = frame.due + self._lag
            self._poses.wait(names, wanted, max(frame.due, wanted) + self._wait_s - self._clock.now())
            transforms = self._poses.at(names, wanted, frame.elapsed, frame.index)
            pose, reason = self._placed(frame, transforms)
            if self._record_to is not None:
                self._record_to.put(self._recorded(frame, transforms))
            if frame.index % self._skip_interval:
                reason = SKIPPED
            self.newest = SeenFrame(frame.index, frame.image, None if reason else pose, reason)
            if reason:
                self.left_out[reason] += 1
            else:
                self.posed.put(PosedFrame(frame, pose))

    def _placed(self, frame: Frame, transforms: Transforms) -> tuple[NDArray[np.float64], str]:
        """Image to world, and why it may not be used, or ""."""
        pose, reason = self._placement.of_moment(transforms)
        if reason:
            return pose, self._sensor_fails() or reason
        if self._last_pose is None or not np.array_equal(pose, self._last_pose):
            self._last_pose, self._last_change = pose, frame.due
        return pose, REPEATED if frame.due - self._last_change > REPEATED_S else ""

    def _recorded(self, frame: Frame, transforms: Transforms) -> Recorded:
        measured = {name: (each.matrices[0], each.status[0]) for name, each in transforms.items()}
        fixed = {name: (matrix, OK) for name, matrix in self._fixed.items()}
        return Recorded(frame.image, frame.due, {**fixed, **measured}, OK, {})
