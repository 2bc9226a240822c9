"""Where frames and poses come from: a recording or live devices, opened before the sweep and asked when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from apps.stream.core.board import DeviceState, SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from apps.stream.pipeline.sweep_frames import SweepFrames
from edge_sdk.sweep.recording.template import RecordingTemplate


class PreparedSweep(Protocol):
    """A sweep before its start: the volume that it fills is decided, and its frames can be asked for."""

    @property
    def plan(self) -> VolumePlan:
        """How frames become a volume."""

    @property
    def template(self) -> RecordingTemplate:
        """Frame shape, pixel type and header of what would be recorded."""

    def frames(self, control: StreamControl, clock: Clock, record_to: BoundedQueue[Recorded] | None) -> SweepFrames:
        """The frames of the sweep.

        Args:
            control: Phase of the sweep, which pauses it.
            clock: Clock of the stream.
            record_to: Where every frame also goes, to be recorded; None where nothing is recorded.
        """


class SweepInput(Protocol):
    """What a job needs of its input.

    Attributes:
        name: Name of the input in headings.
        pacing: How its frames come, for reports.
        recording: The recording's file; None of live devices.
    """

    name: str
    pacing: str
    recording: Path | None

    def preview(self) -> SeenFrame | None:
        """The newest frame before the start; None before the first."""

    def devices(self) -> tuple[DeviceState, ...]:
        """State of every device; none of a recording."""

    def prepare(self) -> PreparedSweep:
        """The next sweep, ready to start; may wait for a first frame and its pose.

        Raises:
            EdgeSdkError: The frames cannot be placed, or the volume cannot be.
        """

    def set_pixel_spacing(self, spacing: tuple[float, float]) -> None:
        """Take this as the size of a pixel, mm (x, y).

        Raises:
            EdgeSdkError: The input knows better.
        """

    def set_crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        """Take only these pixels as ultrasound.

        Args:
            origin: Column and row of the first pixel (x, y).
            size: Width and height, in pixels.

        Raises:
            EdgeSdkError: The rectangle leaves the frame, or the input knows better.
        """
