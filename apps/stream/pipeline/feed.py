"""What a stream takes its frames from, recorded or live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from apps.stream.core.board import SeenFrame
from apps.stream.pipeline.messages import PosedFrame
from apps.stream.pipeline.pipeline import Stage
from apps.stream.pipeline.queues import BoundedQueue


class Feed(Protocol):
    """Frames with their poses, for one sweep.

    Attributes:
        posed: Frames to insert.
        left_out: Reason → frames that were not passed on.
        read: Frames that have come so far.
        total: Frames that will come; None where nobody knows.
        first_due, last_due: Time stamps of the first and the last frame so far on the stream's clock, seconds.
    """

    posed: BoundedQueue[PosedFrame]
    left_out: Counter[str]
    total: int | None

    @property
    def read(self) -> int: ...

    @property
    def first_due(self) -> float: ...

    @property
    def last_due(self) -> float: ...

    @property
    def ended_at(self) -> float:
        """When the sweep ended: its last frame, or later, when someone said so."""

    @property
    def stages(self) -> Sequence[Stage]:
        """In the order in which frames pass them."""

    @property
    def queues(self) -> Sequence[BoundedQueue[Any]]:
        """Those that no stage fills."""

    @property
    def stopped(self) -> bool:
        """Whether someone ended the sweep before its last frame; never of a live one, which has none."""

    @property
    def newest(self) -> SeenFrame | None:
        """The frame that came last."""

    def begin(self) -> None:
        """Everything is ready to take frames."""

    def stop(self) -> None:
        """End the sweep; what has come is still finished."""
