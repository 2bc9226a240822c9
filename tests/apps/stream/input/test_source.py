"""Replay: frames come when their time stamps say, poses before their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.stream.core.control import StreamControl
from apps.stream.input.pacing import Pacing
from apps.stream.input.source import ReplaySource
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sweep import Sweep


def test_due_times_are_the_time_stamps_on_the_clock(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(6)
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(rate=2.0), clock)
    source.run()
    assert [frame.due for frame in source.frames.drain()] == pytest.approx([100 + n / 40 for n in range(6)])
    assert [pose.index for pose in source.poses.drain()] == list(range(6))
    assert source.last_due - source.first_due == pytest.approx(5 / 40)
    assert source.frames.policy == "drop oldest"
    assert source.poses.policy == "refuse"


def test_a_late_frame_is_still_due_by_its_time_stamp(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(3)
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(), clock)
    put = source.frames.put

    def slow_put(frame: Any) -> None:
        clock.time += 1.0
        put(frame)

    source.frames.put = slow_put  # type: ignore[method-assign]
    source.run()
    assert [frame.due for frame in source.frames.drain()] == pytest.approx([100.0, 100.05, 100.1])


def test_unpaced_frames_are_due_when_they_arrive_and_wait_for_room(
    make_sweep: Callable[..., Sweep], clock: Any
) -> None:
    sweep = make_sweep(3)
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(rate=0), clock)
    source.run()
    assert [frame.due for frame in source.frames.drain()] == [100.0] * 3
    assert source.frames.policy == "wait"


def test_stopping_ends_the_sweep(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(3)
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(), clock)
    source.stop()
    source.run()
    assert source.read == 0
    assert source.stopped


def test_rounds_go_on_without_a_gap(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(4)
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(fps=10, loops=3), clock)
    source.run()
    frames = source.frames.drain()
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.due for frame in frames] == pytest.approx([100 + n / 10 for n in range(12)])
    assert (frames[5].image == sweep.images[1]).all()
    assert (source.total, source.read) == (12, 12)


def test_a_pause_shifts_what_comes_after_it(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(4)
    control = StreamControl(clock, "running")
    source = ReplaySource(sweep, image_to_world(sweep), Pacing(fps=10), clock, control=control)
    put = source.frames.put

    def pause_after_the_second(frame: Any) -> None:
        put(frame)
        if frame.index == 1:
            control.command("pause")

    def resume(*_phases: str, **_options: Any) -> None:
        clock.time += 60
        control.command("resume")

    source.frames.put = pause_after_the_second  # type: ignore[method-assign]
    control.wait_while = resume  # type: ignore[method-assign]
    source.run()
    assert [frame.due for frame in source.frames.drain()] == pytest.approx([100.0, 100.1, 160.2, 160.3])
