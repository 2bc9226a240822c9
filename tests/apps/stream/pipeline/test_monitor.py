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
    described = watched.described()
    lengths = {len(described["time_s"]), len(described["queue_depth"]["frames"]), len(described["rss_mb"])}
    assert len(lengths) == 1
    assert 16 <= lengths.pop() <= 34
    assert described["time_s"] == sorted(described["time_s"])
    assert described["time_s"][-1] >= 0.45
