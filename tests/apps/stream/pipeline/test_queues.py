"""Queues: order, capacity, and what happens when they are full."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.pipeline.queues import BoundedQueue, QueueClosedError
from edge_sdk.errors import StreamError


@given(items=st.lists(st.integers(), max_size=40), capacity=st.integers(1, 10))
def test_drop_oldest_keeps_the_newest_and_counts_the_rest(items: list[int], capacity: int) -> None:
    queue: BoundedQueue[int] = BoundedQueue("frames", capacity, "drop oldest")
    for item in items:
        queue.put(item)
    assert queue.dropped == max(0, len(items) - capacity)
    assert queue.peak == min(len(items), capacity)
    assert queue.drain() == items[-capacity:]
    statistics = queue.statistics()
    assert (statistics.name, statistics.capacity, statistics.when_full) == ("frames", capacity, "drop oldest")
    assert (statistics.dropped, statistics.peak) == (max(0, len(items) - capacity), min(len(items), capacity))


def test_refuse_names_the_queue_and_loses_nothing() -> None:
    queue: BoundedQueue[int] = BoundedQueue("poses", 2, "refuse")
    queue.put(1)
    queue.put(2)
    with pytest.raises(StreamError, match="queue poses: holds 2 items"):
        queue.put(3)
    assert queue.drain() == [1, 2]
    assert queue.dropped == 0


def test_wait_lets_everything_through_in_order() -> None:
    queue: BoundedQueue[int] = BoundedQueue("posed frames", 2, "wait")

    def fill() -> None:
        for number in range(200):
            queue.put(number)
        queue.close()

    thread = threading.Thread(target=fill)
    thread.start()
    assert list(queue) == list(range(200))
    thread.join(5)
    assert queue.peak <= 2
    assert queue.dropped == 0
    assert queue.finished


def test_abandoning_wakes_a_waiting_producer() -> None:
    queue: BoundedQueue[int] = BoundedQueue("posed frames", 1, "wait")
    queue.put(1)
    caught: list[BaseException] = []

    def put() -> None:
        try:
            queue.put(2)
        except QueueClosedError as error:
            caught.append(error)

    thread = threading.Thread(target=put)
    thread.start()
    queue.abandon()
    thread.join(5)
    assert caught


def test_what_is_inside_a_closed_queue_can_still_be_taken() -> None:
    queue: BoundedQueue[int] = BoundedQueue("frames", 4, "wait")
    queue.put(7)
    queue.close()
    assert queue.get() == 7
    assert queue.wait() is None
    with pytest.raises(QueueClosedError):
        queue.get()


def test_capacity_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BoundedQueue("frames", 0, "wait")
