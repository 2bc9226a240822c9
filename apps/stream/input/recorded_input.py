"""A recording as a stream's input."""

from __future__ import annotations

from apps.stream.core.board import DeviceState, SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import Plan, VolumePlan
from apps.stream.input.pacing import Pacing
from apps.stream.input.replay import ReplayFeed, seen
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import StreamError
from edge_sdk.sweep.recording.template import RecordingTemplate


class RecordedInput:
    """See `StreamInput`."""

    def __init__(self, name: str, plan: Plan, pacing: Pacing) -> None:
        """
        Args:
            name: For headings.
            plan: Of the recording.
            pacing: How fast it is played.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        pacing.offsets(plan.sweep.timestamps, where=plan.sweep.source)
        self.name, self.pacing, self.recording = name, pacing.described(), plan.sweep.source
        self._plan, self._pacing = plan, pacing

    def preview(self) -> SeenFrame:
        return seen(self._plan, 0)

    def devices(self) -> tuple[DeviceState, ...]:
        return ()

    def plan(self) -> Plan:
        return self._plan

    def template(self) -> RecordingTemplate:
        return RecordingTemplate.of_sweep(self._plan.sweep)

    def feed(
        self,
        plan: VolumePlan,  # noqa: ARG002 (there is only one)
        control: StreamControl,
        clock: Clock,
        record_to: BoundedQueue[Recorded] | None,
    ) -> ReplayFeed:
        return ReplayFeed(self._plan, self._pacing, clock, control=control, record_to=record_to)

    def set_pixel_spacing(self, spacing: tuple[float, float]) -> None:  # noqa: ARG002
        raise self._decided()

    def set_crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:  # noqa: ARG002
        raise self._decided()

    def _decided(self) -> StreamError:
        return StreamError(
            "the volume of a recording is decided when it is opened",
            where=self.name,
            remedy="give --pixel-spacing, or ClipRectangleOrigin and ClipRectangleSize in the configuration",
        )
