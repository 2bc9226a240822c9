"""The frames of one sweep, with their poses, as the first stages of the pipeline give them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from apps.stream.core.board import SeenFrame
from apps.stream.pipeline.messages import PosedFrame
from apps.stream.pipeline.pipeline import Stage
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue


class SweepFrames(Protocol):
    """Frames of one sweep, recorded or live.

    Attributes:
        posed: Frames to insert, each with its pose.
        left_out: Reason → number of frames that were not passed on.
        total: Number of frames that will come; None where nobody knows.
    """

    posed: BoundedQueue[PosedFrame]
    left_out: Counter[str]
    total: int | None

    @property
    def read(self) -> int:
        """Number of frames that have come so far."""

    @property
    def first_due(self) -> float:
        """Time stamp of the first frame on the stream's clock, seconds."""

    @property
    def last_due(self) -> float:
        """Time stamp of the last frame so far on the stream's clock, seconds."""

    @property
    def ended_at(self) -> float:
        """When the sweep ended on the stream's clock, seconds: its last frame, or later, when someone ended it."""

    @property
    def stages(self) -> Sequence[Stage]:
        """Stages that give the frames, in the order in which frames pass them."""

    @property
    def queues(self) -> Sequence[AnyQueue]:
        """Queues that no stage fills."""

    @property
    def stopped(self) -> bool:
        """Whether someone ended the sweep before its last frame; never of a live one, which has none."""

    @property
    def newest(self) -> SeenFrame | None:
        """The frame that came last; None before the first."""

    def begin(self) -> None:
        """Take frames from now on: every stage is ready."""

    def stop(self) -> None:
        """End the sweep; what has come is still finished."""
