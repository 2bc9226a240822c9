"""Stages as threads: they end in order, and Ctrl-C ends the sweep."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from apps.stream.pipeline.pipeline import Pipeline
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import GeometryError


class Step:
    def __init__(self, name: str, inputs: list[Any], outputs: list[Any], work: Callable[[], None]) -> None:
        self.name, self.inputs, self.outputs, self.run = name, inputs, outputs, work


def nothing() -> None:
    """Does nothing."""


def chain(middle: Callable[[int], None]) -> tuple[Pipeline, list[int], BoundedQueue[int]]:
    first: BoundedQueue[int] = BoundedQueue("first", 2, "wait")
    second: BoundedQueue[int] = BoundedQueue("second", 2, "wait")
    arrived: list[int] = []

    def produce() -> None:
        for number in range(1000):
            first.put(number)

    def work() -> None:
        for number in first:
            middle(number)
            second.put(number)

    steps = [
        Step("producer", [], [first], produce),
        Step("worker", [first], [second], work),
        Step("consumer", [second], [], lambda: arrived.extend(second)),
    ]
    return Pipeline(steps), arrived, second


def test_everything_arrives_in_order() -> None:
    pipeline, arrived, second = chain(lambda _number: None)
    pipeline.run(interrupt=nothing, watch=nothing)
    assert arrived == list(range(1000))
    assert pipeline.failure is None
    assert not second.failed


def test_what_was_made_before_a_failure_still_arrives_and_the_producer_stops() -> None:
    def fail_at_ten(number: int) -> None:
        if number == 10:
            raise GeometryError("ten is too many", where="grid", remedy="count to nine")

    pipeline, arrived, second = chain(fail_at_ten)
    pipeline.run(interrupt=nothing, watch=nothing)
    assert arrived == list(range(10))
    assert second.failed
    assert str(pipeline.failure) == "stage worker: grid: ten is too many; count to nine"
    assert isinstance(pipeline.failure.__cause__, GeometryError)
    assert not [thread for thread in threading.enumerate() if thread.name == "producer"]


def test_the_sweep_ends_once_when_the_program_is_asked_to_end() -> None:
    stop = threading.Event()
    pipeline = Pipeline([Step("waiter", [], [], lambda: stop.wait(20) and None)])
    calls: list[str] = []

    def interrupt() -> None:
        calls.append("interrupted")
        threading.Timer(0.3, stop.set).start()

    pipeline.run(interrupt=interrupt, watch=nothing, asked=lambda: True)
    assert calls == ["interrupted"]
    assert pipeline.interrupted
    assert pipeline.failure is None


def test_a_stage_that_fails_while_no_frame_comes_ends_the_source() -> None:
    quiet: BoundedQueue[int] = BoundedQueue("quiet", 2, "wait")

    def fail() -> None:
        raise GeometryError("no more")

    steps = [Step("reader", [quiet], [], lambda: list(quiet) and None), Step("failing", [], [], fail)]
    pipeline = Pipeline(steps)
    pipeline.run(interrupt=quiet.close, watch=nothing)
    assert str(pipeline.failure) == "stage failing: no more"
    assert not pipeline.interrupted
