"""A recorded sweep as a feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from apps.stream.core.board import SeenFrame
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import Plan
from apps.stream.input.pacing import Pacing
from apps.stream.input.source import ReplaySource
from apps.stream.input.synchronizer import Synchronizer
from apps.stream.pipeline.messages import Recorded
from apps.stream.pipeline.pipeline import Stage
from apps.stream.pipeline.queues import BoundedQueue


class ReplayFeed:
    """Plays a plan's sweep; see `Feed`."""

    def __init__(
        self,
        plan: Plan,
        pacing: Pacing,
        clock: Clock,
        *,
        control: StreamControl | None = None,
        record_to: BoundedQueue[Recorded] | None = None,
    ) -> None:
        """
        Args:
            plan: What to play.
            pacing: When.
            clock: On which.
            control: Pauses it; None: nobody does.
            record_to: Where every frame also goes, to be recorded.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        self._plan = plan
        self._source = ReplaySource(plan.sweep, plan.poses, pacing, clock, control=control, record_to=record_to)
        self._synchronizer = Synchronizer(
            self._source.frames, self._source.poses, skip_interval=plan.settings.skip_interval
        )
        self.posed = self._synchronizer.posed
        self.left_out: Counter[str] = self._synchronizer.left_out
        self.total: int | None = self._source.total

    queues = ()

    @property
    def stages(self) -> Sequence[Stage]:
        return self._source, self._synchronizer

    @property
    def read(self) -> int:
        return self._source.read

    @property
    def first_due(self) -> float:
        return self._source.first_due

    @property
    def last_due(self) -> float:
        return self._source.last_due

    @property
    def ended_at(self) -> float:
        return self._source.last_due

    @property
    def stopped(self) -> bool:
        return self._source.stopped

    @property
    def newest(self) -> SeenFrame:
        """The frame that was put last; the first one before the start."""
        return seen(self._plan, max(self._source.read - 1, 0))

    def begin(self) -> None:
        """It starts with its stages."""

    def stop(self) -> None:
        self._source.stop()


def seen(plan: Plan, number: int) -> SeenFrame:
    """A frame of a plan's sweep, for a viewer."""
    index = number % len(plan.sweep)
    reason = plan.poses.reasons[index]
    return SeenFrame(number, plan.sweep.images[index], None if reason else plan.poses.matrices[index], reason)
