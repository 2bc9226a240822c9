"""Samples of a long stream: bounded, evenly thinned out."""

from __future__ import annotations

import time
from typing import Any

import pytest

from apps.stream.core.clock import Clock
from apps.stream.pipeline import monitor
from apps.stream.pipeline.monitor import Monitor
from apps.stream.pipeline.queues import BoundedQueue


def test_the_number_of_samples_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "PERIOD_S", 0.001)
    monkeypatch.setattr(monitor, "MOST", 32)
    queue: BoundedQueue[Any] = BoundedQueue("frames", 4, "drop oldest")
    with Monitor([queue], Clock()) as watched:
        time.sleep(0.5)
    timeline = watched.timeline(sweep_from=0.0, sweep_to=0.0, final_mask_at=0.0)
    lengths = {len(timeline.time_s), len(timeline.queue_depth["frames"]), len(timeline.rss_mb)}
    assert len(lengths) == 1
    assert 16 <= lengths.pop() <= 34
    assert timeline.time_s == sorted(timeline.time_s)
    assert timeline.time_s[-1] >= 0.45


def test_moments_are_seconds_since_the_first_sample(clock: Any) -> None:
    clock.time = 100.0
    with Monitor([], clock) as watched:
        pass
    timeline = watched.timeline(sweep_from=100.5, sweep_to=102.0, final_mask_at=102.2504)
    assert (timeline.sweep_from_s, timeline.sweep_to_s, timeline.final_mask_at_s) == (0.5, 2.0, 2.25)
