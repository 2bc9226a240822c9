"""Bounded queues between stages; each has a name and a policy for when it is full."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Generic, Literal, TypeVar

from apps.report.part import ReportPart
from edge_sdk.errors import StreamError

Item = TypeVar("Item")
Policy = Literal["drop oldest", "wait", "refuse"]


class QueueClosedError(Exception):
    """Nothing is left to take, or nobody is left to take what is put."""


class QueueStatistics(ReportPart):
    """How full a queue was."""

    name: str
    capacity: int
    """Items that it holds at most."""
    when_full: Policy
    peak: int
    """Most items that it ever held."""
    dropped: int
    """Items dropped because it was full."""


class BoundedQueue(Generic[Item]):
    """First in, first out, for one or more producers and one consumer.

    Attributes:
        name: Name in reports and errors.
        capacity: Items that it holds at most.
        policy: When full, `put` drops the oldest item and counts it ("drop oldest"), waits for room ("wait"), or
            raises ("refuse": for what must never be lost, such as poses).
        dropped: Items dropped so far.
        peak: Most items that it ever held.
        taken: Items taken so far.
        failed: Whether it was closed by a stage that failed, or that stopped because of one.
    """

    def __init__(self, name: str, capacity: int, policy: Policy) -> None:
        if capacity < 1:
            raise ValueError(f"queue {name!r} needs a capacity of at least 1, not {capacity}")
        self.name, self.capacity, self.policy = name, capacity, policy
        self.dropped = 0
        self.peak = 0
        self.taken = 0
        self.failed = False
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._abandoned = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add an item.

        Raises:
            QueueClosedError: The consumer is gone.
            StreamError: The queue is full and its policy is "refuse".
        """
        with self._changed:
            if self.policy == "wait":
                self._changed.wait_for(lambda: len(self._items) < self.capacity or self._abandoned)
            if self._abandoned or self._closed:
                raise QueueClosedError(self.name)
            if len(self._items) >= self.capacity:
                if self.policy == "refuse":
                    raise StreamError(
                        f"holds {self.capacity} items and may not drop any",
                        where=f"queue {self.name}",
                        remedy="the stage behind it is too slow or stuck; see the stage timings of the report",
                    )
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self.peak = max(self.peak, len(self._items))
            self._changed.notify_all()

    def get(self) -> Item:
        """Take the oldest item, waiting for one.

        Raises:
            QueueClosedError: The queue is empty and no more will come.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed)
            if not self._items:
                raise QueueClosedError(self.name)
            item = self._items.popleft()
            self.taken += 1
            self._changed.notify_all()
            return item

    def wait(self) -> Item | None:
        """Like `get`, but None where no more will come."""
        try:
            return self.get()
        except QueueClosedError:
            return None

    def drain(self) -> list[Item]:
        """Take whatever is there now, without waiting; oldest first."""
        with self._changed:
            items = list(self._items)
            self.taken += len(items)
            self._items.clear()
            self._changed.notify_all()
            return items

    @property
    def finished(self) -> bool:
        """Whether it is empty and no more will come."""
        with self._changed:
            return self._closed and not self._items

    def __iter__(self) -> Iterator[Item]:
        """Take items until the queue is closed and empty."""
        while (item := self.wait()) is not None:
            yield item

    def close(self, *, failed: bool = False) -> None:
        """Say that no more will be put; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self.failed = failed
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nobody takes any more; whoever puts gets `QueueClosedError`."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def statistics(self) -> QueueStatistics:
        """How full it was so far."""
        return QueueStatistics(
            name=self.name, capacity=self.capacity, when_full=self.policy, peak=self.peak, dropped=self.dropped
        )


AnyQueue = BoundedQueue[Any]
"""A queue where the type of its items does not matter, as for whoever counts or closes queues."""
