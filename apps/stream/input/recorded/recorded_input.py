"""A recording as the stream's input."""

from __future__ import annotations

from dataclasses import dataclass

from apps.stream.core.board import DeviceState, SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import RecordingPlan
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.recorded.replayed_frames import ReplayedFrames, seen_frame
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import StreamError
from edge_sdk.sweep.recording.template import RecordingTemplate


@dataclass(frozen=True)
class RecordedSweep:
    """A recording before its replay; see `PreparedSweep`.

    Attributes:
        plan: The recording, where its frames lie and the volume that they fill.
        pacing: Speed of the replay.
    """

    plan: RecordingPlan
    pacing: Pacing

    @property
    def template(self) -> RecordingTemplate:
        return RecordingTemplate.of_sweep(self.plan.sweep)

    def frames(self, control: StreamControl, clock: Clock, record_to: BoundedQueue[Recorded] | None) -> ReplayedFrames:
        return ReplayedFrames(self.plan, self.pacing, clock, control=control, record_to=record_to)


class RecordedInput:
    """A recording that is replayed; see `SweepInput`."""

    def __init__(self, name: str, plan: RecordingPlan, pacing: Pacing) -> None:
        """
        Args:
            name: Name of the recording in headings.
            plan: The recording, where its frames lie and the volume that they fill.
            pacing: Speed of the replay.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        pacing.offsets(plan.sweep.timestamps, where=plan.sweep.source)
        self.name, self.pacing, self.recording = name, pacing.described(), plan.sweep.source
        self._plan, self._pacing = plan, pacing

    def preview(self) -> SeenFrame:
        return seen_frame(self._plan, 0)

    def devices(self) -> tuple[DeviceState, ...]:
        return ()

    def prepare(self) -> RecordedSweep:
        return RecordedSweep(self._plan, self._pacing)

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
