"""Latency: by hand on two tiles, and the statistics against numpy-free numbers."""

from __future__ import annotations

import pytest

from apps.report.measured import NotMeasured
from apps.report.statistics import statistics_ms
from apps.stream.pipeline.latency import LatencyTracker, StageTimer
from apps.stream.pipeline.messages import Touched
from edge_sdk.volume.grid import Box

BOX = Box((0, 0, 0), (1, 1, 1))


def test_a_frame_is_whole_when_its_last_tile_is_done() -> None:
    tracker = LatencyTracker()
    tracker.inserted(Touched(0, 10.0, BOX, 1), [0, 1])
    tracker.inserted(Touched(1, 11.0, BOX, 2), [1])
    tracker.tile_done(0, 1, 12.0)
    assert list(tracker.first) == [2.0]
    assert list(tracker.whole) == []
    # Read before the second frame was in, so only the first one is done.
    tracker.tile_done(1, 1, 13.0)
    assert list(tracker.whole) == [3.0]
    tracker.tile_done(1, 2, 15.5)
    assert list(tracker.whole) == [3.0, 4.5]
    assert list(tracker.first) == [2.0, 4.5]


def test_frames_wait_for_the_tiles_of_a_mask_that_has_grown() -> None:
    tracker = LatencyTracker()
    tracker.inserted(Touched(0, 10.0, BOX, 1), [0, 1])
    tracker.inserted(Touched(1, 11.0, BOX, 2), [1])
    tracker.tile_done(0, 1, 12.0)
    tracker.retile(lambda touched: {1: [5], 2: [5, 6]}[touched.order], 12.5)
    tracker.tile_done(1, 2, 13.0)  # nobody waits for what is no tile any more
    assert list(tracker.whole) == []
    tracker.tile_done(5, 2, 14.0)
    assert list(tracker.whole) == [4.0]
    assert list(tracker.first) == [2.0, 3.0]  # of a frame that had begun to show, the first moment stays
    tracker.tile_done(6, 2, 15.0)
    assert list(tracker.whole) == [4.0, 4.0]


def test_a_frame_that_the_mask_contained_before_its_news_came_is_done_when_the_mask_grows() -> None:
    tracker = LatencyTracker()
    tracker.inserted(Touched(0, 10.0, BOX, 1), [0])
    tracker.retile(lambda _touched: [], 12.0)
    assert list(tracker.first) == list(tracker.whole) == [2.0]
    tracker.tile_done(0, 1, 13.0)
    assert list(tracker.whole) == [2.0]


def test_summary_in_milliseconds() -> None:
    few = statistics_ms([0.001 * n for n in range(1, 12)])
    assert (few.n, few.p50, few.p90, few.min, few.max, few.mean) == (11, 6, 10, 1, 11, 6)
    assert isinstance(few.p99, NotMeasured)
    assert "fewer than 100" in few.p99.why
    many = statistics_ms([0.001 * n for n in range(101)])
    assert many.p99 == pytest.approx(99)
    assert len(many.samples) == 101


def test_stage_timer_counts_failed_items_too() -> None:
    moments = iter([0.0, 0.2, 1.0, 1.1])
    timer = StageTimer(lambda: next(moments))
    with timer.step("compound"):
        pass
    with pytest.raises(ZeroDivisionError), timer.step("compound"):
        raise ZeroDivisionError
    (entry,) = timer.statistics()
    assert (entry.name, entry.items, entry.total_s) == ("compound", 2, 0.3)
    assert entry.max_ms == pytest.approx(200)


def test_a_frame_counts_as_displayed_by_the_first_picture_that_held_it() -> None:
    tracker = LatencyTracker()
    for index, due in enumerate((10.0, 11.0)):
        tracker.inserted(Touched(index, due, BOX, index + 1), [0])
    tracker.tile_done(0, 1, 12.0)
    tracker.shown(11.5, 11.9)  # drawn from before the mask held any
    assert list(tracker.displayed) == []
    tracker.tile_done(0, 2, 13.0)
    tracker.shown(12.5, 13.2)
    assert list(tracker.displayed) == pytest.approx([3.2])
    tracker.shown(13.5, 14.0)
    assert list(tracker.displayed) == pytest.approx([3.2, 3.0])
    assert tracker.newest_ms("displayed") == pytest.approx(3100)
    assert LatencyTracker().newest_ms("whole") is None
