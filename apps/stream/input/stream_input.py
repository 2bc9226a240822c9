"""A stream's input: a recording or live devices, opened before the sweep and asked when it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from apps.stream.core.board import DeviceState, SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.pipeline.feed import Feed
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.sweep.sweep import Sweep


class StreamInput(Protocol):
    """What a job needs of its input.

    Attributes:
        name: For headings.
        pacing: How its frames come, for reports.
        recording: The file, where it is one.
    """

    name: str
    pacing: str
    recording: Path | None

    def preview(self) -> SeenFrame | None:
        """The newest frame before the start; None before the first."""

    def devices(self) -> tuple[DeviceState, ...]:
        """How the devices do; none of a recording."""

    def plan(self) -> VolumePlan:
        """The volume that the next sweep fills; may wait for a first frame.

        Raises:
            EdgeSdkError: The frames cannot be placed, or the volume cannot be.
        """

    def like(self) -> Sweep:
        """A sweep with the frame size and the header of what would be recorded."""

    def feed(
        self, plan: VolumePlan, control: StreamControl, clock: Clock, record_to: BoundedQueue[Recorded] | None
    ) -> Feed:
        """The frames of one sweep.

        Args:
            plan: Of `plan`.
            control: Pauses it.
            clock: Of the stream.
            record_to: Where every frame also goes, to be recorded.
        """

    def set_pixel_spacing(self, spacing: tuple[float, float]) -> None:
        """Take this as the size of a pixel, mm (x, y).

        Raises:
            EdgeSdkError: The input knows better.
        """

    def set_crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        """Take only these pixels as ultrasound.

        Raises:
            EdgeSdkError: The rectangle leaves the frame, or the input knows better.
        """
