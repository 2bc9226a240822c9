"""Frames of a live sweep: from one press of "start" to "finish"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.input.live.devices import LiveDevices
from apps.stream.input.live.synchronizer import WAIT_S, LiveSynchronizer
from apps.stream.pipeline.messages import Frame, Recorded
from apps.stream.pipeline.pipeline import Stage
from apps.stream.pipeline.queues import BoundedQueue, QueueClosedError
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.poses import ImagePlacement
from edge_sdk.volume.pixel_types import UINT8

FRAME_CAPACITY = 64
"""Two seconds of a usual probe: a frame waits for its pose for a tenth of that at most."""


class LiveFrames:
    """Frames that devices give from the start on; see `SweepFrames`. Those that come during a pause are left out."""

    total: int | None = None
    stopped = False

    def __init__(
        self,
        devices: LiveDevices,
        placement: ImagePlacement,
        control: StreamControl,
        clock: Clock,
        *,
        shape: tuple[int, int],
        pixel_type: np.dtype[Any] = UINT8,
        lag: float = 0.0,
        wait_s: float = WAIT_S,
        skip_interval: int = 1,
        fixed: dict[str, NDArray[np.float64]] | None = None,
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            devices: Source of frames and poses, opened.
            placement: Turns a frame's transforms into its pixel-to-world matrix.
            control: Says when frames are wanted.
            clock: Clock by which the devices stamp frames and poses.
            shape, pixel_type, lag, wait_s, skip_interval, fixed, record_to: Arguments of `LiveSynchronizer`.
        """
        self._devices, self._control = devices, control
        self._frames: BoundedQueue[Frame] = BoundedQueue("frames", FRAME_CAPACITY, "drop oldest")
        self._synchronizer = LiveSynchronizer(
            self._frames,
            devices.poses,
            placement,
            clock,
            shape=shape,
            pixel_type=pixel_type,
            lag=lag,
            wait_s=wait_s,
            skip_interval=skip_interval,
            sensor_fails=devices.sensor_fails,
            fixed=fixed,
            record_to=record_to,
        )
        self.posed = self._synchronizer.posed
        self.left_out: Counter[str] = self._synchronizer.left_out
        self.read = 0
        self._clock = clock
        self._elapsed, self._paused = 0.0, False
        self.first_due = self.last_due = self.ended_at = clock.now()

    @property
    def stages(self) -> Sequence[Stage]:
        return (self._synchronizer,)

    @property
    def queues(self) -> tuple[BoundedQueue[Frame]]:
        """Those that no stage fills."""
        return (self._frames,)

    @property
    def newest(self) -> SeenFrame | None:
        return self._synchronizer.newest

    def begin(self) -> None:
        """Frames count from now on."""
        self.first_due = self.last_due = self._clock.now()
        self._devices.poses.begin()
        self._devices.listen(self._take)

    def stop(self) -> None:
        """Take no more frames; those that have come are still finished."""
        self._devices.listen(None)
        self.ended_at = max(self.last_due, self._clock.now())
        self._frames.close()

    def _take(self, image: TimedImage) -> None:
        if self._control.phase != "running":
            self._paused = True
            return
        if not self.read:
            self.first_due = image.moment
        elif not self._paused:
            self._elapsed += image.moment - self.last_due
        self._paused = False
        with suppress(QueueClosedError):  # it ends at this moment
            self._frames.put(Frame(self.read, image.image, image.moment, self._elapsed))
            self.read, self.last_due = self.read + 1, image.moment
