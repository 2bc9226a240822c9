"""Frames of a recorded sweep, each with its pose, as they would arrive live."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from apps.stream.core.board import SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import RecordingPlan
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.pipeline.messages import SKIPPED, Frame, PosedFrame, Recorded
from apps.stream.pipeline.pipeline import Stage
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue
from edge_sdk.gray_range import windowed
from edge_sdk.sweep.sweep import Sweep

CAPACITY = 32


class ReplayedFrames:
    """Plays a recording at its pace; the one stage of its `SweepFrames`.

    Attributes:
        posed: Drops the oldest frame when full; waits instead where the replay is unpaced, so that none is lost.
        left_out: Reason → number of frames without a usable pose, or skipped.
        total: Number of frames of all rounds.
        read: Number of frames that have come so far.
        first_due: Time stamp of the first frame on the clock, seconds.
        last_due: Time stamp of the last frame so far on the clock, seconds.
    """

    name = "replay"
    queues = ()

    def __init__(
        self,
        plan: RecordingPlan,
        pacing: Pacing,
        clock: Clock,
        *,
        control: StreamControl | None = None,
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            plan: The recording and where each of its frames lies.
            pacing: Speed of the replay.
            clock: Clock that paces the replay and stamps its frames.
            control: Phase of the sweep, which pauses the replay; None where nobody pauses it.
            record_to: Where every frame also goes, to be recorded; None where nothing is recorded.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        sweep = plan.sweep
        self._plan, self._clock, self._control, self._record_to = plan, clock, control, record_to
        self._duration = pacing.duration(sweep.timestamps)
        self._offsets = pacing.offsets(sweep.timestamps, where=sweep.source)
        self._stop = threading.Event()
        self.posed: BoundedQueue[PosedFrame] = BoundedQueue(
            "posed frames", CAPACITY, "wait" if pacing.unpaced else "drop oldest"
        )
        self.left_out: Counter[str] = Counter()
        self.inputs: tuple[AnyQueue, ...] = ()
        self.outputs: tuple[AnyQueue, ...] = (self.posed, *([] if record_to is None else [record_to]))
        self._count = len(sweep) * pacing.loops
        self.total: int | None = self._count
        self.read = 0
        self.first_due = self.last_due = clock.now()

    @property
    def stages(self) -> Sequence[Stage]:
        return (self,)

    @property
    def ended_at(self) -> float:
        return self.last_due

    @property
    def stopped(self) -> bool:
        return self._stop.is_set() and self.read < self._count

    @property
    def newest(self) -> SeenFrame:
        """The frame that came last; the first one before the start."""
        return seen_frame(self._plan, max(self.read - 1, 0))

    def begin(self) -> None:
        """Frames come as soon as the stage runs."""

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Pass every frame on when it is due."""
        count = len(self._plan.sweep)
        start = self.first_due = self._clock.now()
        for number in range(self._count):
            round_, index = divmod(number, count)
            offset = None if self._offsets is None else float(self._offsets[index]) + round_ * self._duration
            start += self._paused()
            if offset is not None:
                self._clock.wait_until(start + offset, self._stop)
            if self._stop.is_set():
                return
            # A late release counts as latency: the frame was due when its time stamp says.
            due = self._clock.now() if offset is None else start + offset
            self._pass_on(number, index, due)
            if self._record_to is not None:
                self._record_to.put(recorded_frame(self._plan.sweep, index, later=round_ * self._duration))
            self.read, self.last_due = number + 1, due

    def _pass_on(self, number: int, index: int, due: float) -> None:
        poses = self._plan.poses
        reason = SKIPPED if number % self._plan.settings.skip_interval else poses.reasons[index]
        if reason:
            self.left_out[reason] += 1
        else:
            self.posed.put(PosedFrame(Frame(number, self._plan.sweep.images[index], due), poses.matrices[index]))

    def _paused(self) -> float:
        """Wait while someone pauses the sweep; for how long, seconds."""
        if self._control is None or self._control.phase != "paused":
            return 0.0
        since = self._clock.now()
        self._control.wait_while("paused", stop=self._stop)
        return self._clock.now() - since


def seen_frame(plan: RecordingPlan, number: int) -> SeenFrame:
    """The frame of this number since the start, for a viewer."""
    index = number % len(plan.sweep)
    reason = plan.poses.reasons[index]
    image = windowed(plan.sweep.images[index], plan.gray_range)
    return SeenFrame(number, image, None if reason else plan.poses.matrices[index], reason)


def recorded_frame(sweep: Sweep, index: int, *, later: float = 0.0) -> Recorded:
    """A frame of a recording as it is recorded again, its time stamp `later` seconds later."""
    return Recorded(
        image=sweep.images[index],
        timestamp=float(sweep.timestamps[index]) + later,
        poses={name: (each.matrices[index], each.status[index]) for name, each in sweep.transforms.items()},
        image_status=sweep.image_status[index] if sweep.image_status else "OK",
        fields=sweep.fields[index] if sweep.fields else {},
    )
