"""What a board says of a stream, held against the stream's own result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import plan_volume
from apps.stream.input.pacing import Pacing
from apps.stream.input.recorded_input import RecordedInput
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.work.running import RunningStream
from edge_sdk.errors import StreamError
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.metrics import class_ml
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.sweep import Sweep

UNIT = (1.0, 1.0, 1.0)


@pytest.fixture
def ended(make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest) -> tuple[RunningBoard, Any]:
    clock = Clock()
    control = StreamControl(clock, "running")
    plan = plan_volume(make_sweep(20, bad={19: "INVALID"}), None, UNIT)
    source = RecordedInput("a sweep", plan, Pacing(rate=0))
    board = RunningBoard("a title", manifest.labels, source, control, clock)
    assert board.frame() is not None
    assert board.status().frames_read == 0
    assert board.grid() is board.slice("x", 0) is board.mask() is board.volume() is board.probe() is None
    feed = source.feed(plan, control, clock, None)
    board.running = RunningStream(plan, feed, VolumeSegmenter(session, manifest), UNIT, clock=clock)
    return board, board.running.run()


def test_numbers_are_those_of_the_outcome(ended: tuple[RunningBoard, Any], manifest: Manifest) -> None:
    board, outcome = ended
    status = board.status()
    assert (status.frames_read, status.frames_inserted, status.frames_dropped) == (20, 19, 0)
    assert status.left_out == outcome.frames["left_out"]
    assert status.class_ml == class_ml(outcome.mask.voxels, 0.001, manifest.labels)
    assert status.latency_ms == pytest.approx(1000 * float(np.median(outcome.latency_whole_s)))
    assert status.displayed_ms is None
    assert status.memory_limit_mb is not None
    assert status.rss_mb < status.memory_limit_mb
    assert [queue.name for queue in status.queues] == ["frames", "poses", "posed frames", "touched boxes"]


@pytest.mark.parametrize(("axis", "across"), [("x", 2), ("y", 1), ("z", 0)])
def test_slices_are_those_of_volume_and_mask(ended: tuple[RunningBoard, Any], axis: Any, across: int) -> None:
    board, outcome = ended
    for index in (0, 5, 999):
        there = min(index, outcome.volume.voxels.shape[across] - 1)
        cut = board.slice(axis, index)
        assert cut is not None
        assert np.array_equal(cut.gray, np.take(outcome.volume.voxels, there, across))
        assert np.array_equal(cut.labels, np.take(outcome.mask.voxels, there, across))
    assert np.array_equal(board.mask(), outcome.mask.voxels)  # type: ignore[arg-type]
    assert np.array_equal(board.volume(), outcome.volume.voxels)  # type: ignore[arg-type]


def test_the_frame_shows_the_masks_cut(ended: tuple[RunningBoard, Any]) -> None:
    board, outcome = ended
    frame = board.frame()
    assert frame is not None
    assert (frame.index, frame.reason, frame.image_to_world) == (19, "ImageToReference is INVALID", None)
    assert board.labels_on(frame, 1) is None
    posed = board._source.preview()  # type: ignore[attr-defined]
    assert posed is not None
    labels = board.labels_on(posed, 2)
    assert labels is not None
    assert labels.shape == (12, 15)
    assert np.array_equal(labels, outcome.mask.voxels[0, :24:2, ::2])


def test_path_and_probe(ended: tuple[RunningBoard, Any]) -> None:
    board, _ = ended
    path = board.path()
    assert path[:, 2] == pytest.approx(np.arange(19))
    assert path[:, 0] == pytest.approx(14.5)
    x, _, z = board.probe() or (0, 0, 0)
    assert (x, z) == pytest.approx((14.5, 18))


def test_what_a_viewer_has_drawn_counts_until_then(ended: tuple[RunningBoard, Any]) -> None:
    board, outcome = ended
    board.displayed(board.now())
    assert len(outcome.latency_displayed_s) == 19
    assert all(
        shown >= whole for shown, whole in zip(outcome.latency_displayed_s, outcome.latency_whole_s, strict=True)
    )
    assert board.status().displayed_ms is not None


def test_another_sweep_begins_with_an_empty_board(ended: tuple[RunningBoard, Any]) -> None:
    board, _ = ended
    board.saved_in = "somewhere"
    board.warn(["look out"])
    board.clear()
    status = board.status()
    assert (status.frames_read, status.class_ml, status.warnings, status.saved_in) == (0, {}, (), "")
    assert board.grid() is board.slice("x", 0) is board.mask() is board.probe() is None
    frame = board.frame()
    assert frame is not None
    assert frame.index == 0


def test_a_recording_is_not_calibrated_by_clicks(make_sweep: Callable[..., Sweep], manifest: Manifest) -> None:
    clock = Clock()
    control = StreamControl(clock)
    source = RecordedInput("a sweep", plan_volume(make_sweep(4), None, UNIT), Pacing())
    board = RunningBoard("a title", manifest.labels, source, control, clock)
    with pytest.raises(StreamError, match="decided when it is opened"):
        board.calibrate((0, 0), (10, 0), 5.0)
    with pytest.raises(StreamError, match=r"two points 0\.0 pixels apart"):
        board.calibrate((3, 3), (3, 3), 5.0)
    with pytest.raises(StreamError, match="decided when it is opened"):
        board.crop((0, 0), (5, 5))
    board.command("start")
    with pytest.raises(StreamError, match="before the start"):
        board.crop((0, 0), (5, 5))
