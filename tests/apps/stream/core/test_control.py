"""The phases of a sweep and who may move it on."""

from __future__ import annotations

import threading
import time
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.core.board import ALLOWED, Command
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from edge_sdk.errors import StreamError


def test_a_sweep_from_start_to_finish_counts_no_pauses(clock: Any) -> None:
    control = StreamControl(clock)
    clock.time += 50
    control.command("start")
    clock.time += 3
    control.command("pause")
    assert control.running_s == 3
    clock.time += 60
    control.command("resume")
    clock.time += 2
    control.command("finish")
    clock.time += 9
    assert control.running_s == 5
    assert control.phase == "finishing"
    control.enter("finished")
    control.command("save")
    assert control.phase == "saving"
    control.enter("saved")
    control.command("new")
    assert (control.phase, control.running_s) == ("ready", 0.0)


@given(st.lists(st.sampled_from(get_args(Command)), max_size=12))
def test_only_what_a_phase_allows_is_taken(commands: list[Command]) -> None:
    control = StreamControl(Clock())
    for command in commands:
        before = control.phase
        if command in ALLOWED[before]:
            control.command(command)
        else:
            with pytest.raises(StreamError, match=f"a sweep that is {before} takes no '{command}'"):
                control.command(command)
            assert control.phase == before


def test_a_problem_is_over_when_the_operator_goes_on() -> None:
    control = StreamControl(Clock(), "running")
    control.enter("failed", "it broke")
    assert control.problem == "it broke"
    control.command("new")
    assert control.problem == ""
    control.enter("unsaved", "the disk is full")
    control.command("save")
    assert (control.phase, control.problem) == ("saving", "")


@pytest.mark.parametrize("early", [True, False])
def test_finish_ends_the_source_once(early: bool, clock: Any) -> None:
    control, ended = StreamControl(clock, "running"), list[int]()
    if early:
        control.on_finish(lambda: ended.append(1))
    control.command("finish")
    if not early:
        control.on_finish(lambda: ended.append(1))
    assert ended == [1]


def test_waiting_ends_with_the_phase_or_when_told() -> None:
    control, stop, watched = StreamControl(Clock(), "paused"), threading.Event(), list[int]()
    threading.Timer(0.25, control.command, ["resume"]).start()
    start = time.monotonic()
    control.wait_while("paused", watch=lambda: watched.append(1))
    assert 0.1 < time.monotonic() - start < 5
    assert watched
    stop.set()
    control.wait_while("running", stop=stop)
