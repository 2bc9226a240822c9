"""Notices a stream in which something waits and nothing moves: an engine or a driver that does not come back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from apps.stream.core.clock import Clock
from apps.stream.pipeline.queues import AnyQueue
from edge_sdk.errors import StreamError

STUCK_S = 60.0
"""No frame, tile or hole filling takes so long on any device that can stream."""


class StuckError(StreamError):
    """Nothing moves any more; what hangs is still in this process, so that no other sweep can follow."""


class Watchdog:
    """Looked at again and again while a stream runs."""

    def __init__(self, queues: Sequence[AnyQueue], clock: Clock, stuck_s: float = STUCK_S) -> None:
        """
        Args:
            queues: All queues of the stream.
            clock: Clock that measures how long nothing has moved.
            stuck_s: Seconds without any movement, while something waits, after which the stream has failed.
        """
        self._queues, self._clock, self._stuck_s = queues, clock, stuck_s
        self._last: Hashable = None
        self._moved = clock.now()

    def look(self, done: Hashable, *, finishing: bool) -> None:
        """Compare with the last time.

        Args:
            done: Changes whenever a stage has done something that no queue shows.
            finishing: Whether the last stage is at work although its queue is empty.

        Raises:
            StuckError: Nothing has moved for too long.
        """
        now = self._clock.now()
        state = (done, tuple(queue.taken for queue in self._queues))
        waiting = [queue.name for queue in self._queues if len(queue)]
        if state != self._last or not (waiting or finishing):
            self._last, self._moved = state, now
        elif now - self._moved > self._stuck_s:
            where = f"queue {waiting[-1]}" if waiting else "final mask"
            raise StuckError(
                f"nothing has moved for {self._stuck_s:g} s",
                where=where,
                remedy="the stage behind it does not come back; run again with another --target",
            )
