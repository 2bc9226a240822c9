"""A stream in which nothing moves ends, and keeps what it has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from apps.stream.core.clock import Clock
from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.pacing import Pacing
from apps.stream.pipeline import watchdog
from apps.stream.pipeline.queues import BoundedQueue
from apps.stream.pipeline.watchdog import Watchdog
from edge_sdk.errors import StreamError
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.sweep import Sweep
from tests.apps.stream.replaying import run_stream


def test_only_waiting_without_movement_is_stuck(clock: Any) -> None:
    queue: BoundedQueue[int] = BoundedQueue("frames", 8, "wait")
    dog = Watchdog([queue], clock, stuck_s=10)
    for _ in range(5):
        clock.time += 9
        dog.look(0, finishing=False)  # nothing waits
    queue.put(1)
    queue.put(2)
    dog.look(0, finishing=False)
    clock.time += 9
    dog.look(0, finishing=False)
    queue.get()
    dog.look(0, finishing=False)  # something was taken
    clock.time += 9
    dog.look(1, finishing=False)  # something was done
    clock.time += 11
    with pytest.raises(StreamError, match="queue frames: nothing has moved for 10 s"):
        dog.look(1, finishing=False)
    queue.drain()
    dog.look(1, finishing=True)
    clock.time += 11
    with pytest.raises(StreamError, match="final mask: nothing has moved"):
        dog.look(1, finishing=True)


def test_an_engine_that_hangs_ends_the_stream(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog.Watchdog.__init__, "__defaults__", (0.5,))
    released = threading.Event()

    def hang(call: int) -> None:
        if call > 2:
            released.wait(30)

    session.hook = hang
    plan = plan_volume(make_sweep(30), None, (1.0, 1.0, 1.0))
    outcome = run_stream(plan, Pacing(fps=100), VolumeSegmenter(session, manifest), manifest.spacing_mm, clock=Clock())
    released.set()
    assert outcome.failure is not None
    assert "nothing has moved for 0.5 s" in str(outcome.failure)
    assert outcome.mask is None
    assert outcome.volume.voxels.any()
