"""Replay: frames come when their time stamps say, each with its pose; what is left out is counted by reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.recorded.replayed_frames import CAPACITY, ReplayedFrames
from apps.stream.pipeline.messages import SKIPPED, PosedFrame
from edge_sdk.sweep.sweep import Sweep

UNIT = (1.0, 1.0, 1.0)


def replay(sweep: Sweep, pacing: Pacing, clock: Any, *, skip_interval: int = 1, **options: Any) -> ReplayedFrames:
    plan = plan_volume(sweep, None, UNIT)
    plan = replace(plan, settings=replace(plan.settings, skip_interval=skip_interval))
    return ReplayedFrames(plan, pacing, clock, **options)


def on_put(frames: ReplayedFrames, act: Callable[[PosedFrame], None]) -> None:
    """Call this with every frame before it is put."""
    put = frames.posed.put

    def acting(posed: PosedFrame) -> None:
        act(posed)
        put(posed)

    frames.posed.put = acting  # type: ignore[method-assign]


def due_times(frames: ReplayedFrames) -> list[float]:
    return [posed.frame.due for posed in frames.posed.drain()]


def test_due_times_are_the_time_stamps_on_the_clock(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(6)
    frames = replay(sweep, Pacing(rate=2.0), clock)
    frames.run()
    passed = frames.posed.drain()
    assert [posed.frame.due for posed in passed] == pytest.approx([100 + n / 40 for n in range(6)])
    assert [posed.image_to_world[2, 3] for posed in passed] == list(range(6))
    assert frames.last_due - frames.first_due == pytest.approx(5 / 40)
    assert frames.posed.policy == "drop oldest"


def test_a_late_frame_is_still_due_by_its_time_stamp(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    frames = replay(make_sweep(3), Pacing(), clock)

    def late(_posed: PosedFrame) -> None:
        clock.time += 1.0

    on_put(frames, late)
    frames.run()
    assert due_times(frames) == pytest.approx([100.0, 100.05, 100.1])


def test_unpaced_frames_are_due_when_they_arrive_and_wait_for_room(
    make_sweep: Callable[..., Sweep], clock: Any
) -> None:
    frames = replay(make_sweep(3), Pacing(rate=0), clock)
    frames.run()
    assert due_times(frames) == [100.0] * 3
    assert frames.posed.policy == "wait"


def test_stopping_ends_the_sweep(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    frames = replay(make_sweep(3), Pacing(), clock)
    frames.stop()
    frames.run()
    assert frames.read == 0
    assert frames.stopped


def test_rounds_go_on_without_a_gap(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    sweep = make_sweep(4)
    frames = replay(sweep, Pacing(fps=10, loops=3), clock)
    frames.run()
    passed = frames.posed.drain()
    assert [posed.frame.index for posed in passed] == list(range(12))
    assert [posed.frame.due for posed in passed] == pytest.approx([100 + n / 10 for n in range(12)])
    assert (passed[5].frame.image == sweep.images[1]).all()
    assert passed[5].image_to_world[2, 3] == 1
    assert (frames.total, frames.read) == (12, 12)


def test_a_pause_shifts_what_comes_after_it(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    control = StreamControl(clock, "running")
    frames = replay(make_sweep(4), Pacing(fps=10), clock, control=control)

    def pause_after_the_second(posed: PosedFrame) -> None:
        if posed.frame.index == 1:
            control.command("pause")

    def resume(*_phases: str, **_options: Any) -> None:
        clock.time += 60
        control.command("resume")

    on_put(frames, pause_after_the_second)
    control.wait_while = resume  # type: ignore[method-assign]
    frames.run()
    assert due_times(frames) == pytest.approx([100.0, 100.1, 160.2, 160.3])


def test_a_lost_sensor_pauses_and_resumes(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    frames = replay(make_sweep(4, bad={1: "INVALID", 2: "INVALID"}), Pacing(rate=0), clock)
    frames.run()
    assert [posed.frame.index for posed in frames.posed.drain()] == [0, 3]
    assert frames.left_out == {"ImageToReference is INVALID": 2}
    assert frames.read == 4


def test_dropped_frames_do_not_shift_the_poses(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    frames = replay(make_sweep(CAPACITY + 5), Pacing(), clock)
    frames.run()
    passed = frames.posed.drain()
    assert [posed.frame.index for posed in passed] == list(range(5, CAPACITY + 5))
    assert [posed.image_to_world[2, 3] for posed in passed] == list(range(5, CAPACITY + 5))
    assert frames.posed.dropped == 5


def test_skip_interval_passes_every_nth_frame(make_sweep: Callable[..., Sweep], clock: Any) -> None:
    frames = replay(make_sweep(7), Pacing(rate=0), clock, skip_interval=3)
    frames.run()
    assert [posed.frame.index for posed in frames.posed.drain()] == [0, 3, 6]
    assert frames.left_out == {SKIPPED: 4}
