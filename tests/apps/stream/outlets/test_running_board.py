"""What a board says of a stream, held against the stream's own result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.core.volume_plan import GrowingPlan, plan_volume
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.recorded.recorded_input import RecordedInput
from apps.stream.outlets.running_board import RunningBoard
from apps.stream.pipeline.messages import Frame, PosedFrame
from apps.stream.work.outcome import FinishedSweep
from apps.stream.work.running import RunningStream
from edge_sdk.errors import StreamError
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.metrics import class_ml
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.volume.grid import Box

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
    assert board.grid() is board.slice("x", 0) is board.mask() is board.volume() is None
    frames = source.prepare().frames(control, clock, None)
    board.running = RunningStream(plan, frames, VolumeSegmenter(session, manifest), UNIT, clock=clock)
    return board, board.running.run()


def test_pictures_of_other_types_are_windowed(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    """The 16-bit twin of an 8-bit sweep is shown as that is."""
    shown = []
    for factor, kind in ((1, np.uint8), (257, np.uint16)):
        sweep = make_sweep(20)
        plan = plan_volume(replace(sweep, images=sweep.images.astype(kind) * kind(factor)), None, UNIT)
        clock = Clock()
        control = StreamControl(clock, "running")
        board = RunningBoard("a title", manifest.labels, RecordedInput("a sweep", plan, Pacing(rate=0)), control, clock)
        frames = board._source.prepare().frames(control, clock, None)
        first = board.frame()
        board.running = RunningStream(plan, frames, VolumeSegmenter(session, manifest), UNIT, clock=clock)
        board.running.run()
        newest, plane = board.frame(), board.slice("z", 5)
        assert first is not None
        assert newest is not None
        assert plane is not None
        shown.append((first.image, newest.image, plane.gray))
    for byte, wide in zip(*shown, strict=True):
        assert wide.dtype == np.uint8
        assert abs(wide.astype(int) - byte).max() <= 1  # means are rounded to 8 bits


def test_numbers_are_those_of_the_outcome(ended: tuple[RunningBoard, Any], manifest: Manifest) -> None:
    board, outcome = ended
    status = board.status()
    assert (status.frames_read, status.frames_inserted, status.frames_dropped) == (20, 19, 0)
    assert status.left_out == outcome.frames.left_out
    assert status.class_ml == class_ml(outcome.mask.voxels, 0.001, manifest.labels)
    assert status.latency_ms == pytest.approx(1000 * float(np.median(outcome.latency_whole_s)))
    assert status.displayed_ms is None
    assert status.memory_limit_mb is not None
    assert status.rss_mb < status.memory_limit_mb
    assert [queue.name for queue in status.queues] == ["posed frames", "touched boxes"]


@pytest.mark.parametrize(("axis", "across"), [("x", 2), ("y", 1), ("z", 0)])
def test_slices_are_those_of_volume_and_mask(ended: tuple[RunningBoard, Any], axis: Any, across: int) -> None:
    board, outcome = ended
    for index in (0, 5, 999):
        there = min(index, outcome.volume.voxels.shape[across] - 1)
        cut = board.slice(axis, index)
        assert cut is not None
        assert np.array_equal(cut.gray, np.take(outcome.volume.voxels, there, across))
        assert np.array_equal(cut.labels, np.take(outcome.mask.voxels, there, across))
    assert np.array_equal(board.mask().voxels, outcome.mask.voxels)  # type: ignore[union-attr]
    assert np.array_equal(board.volume().voxels, outcome.volume.voxels)  # type: ignore[union-attr]


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
    for axis, middle in (("x", 14), ("y", 12), ("z", 18)):  # the newest frame's middle, to the even whole voxel
        cut = board.slice(axis, None)  # type: ignore[arg-type]
        assert cut is not None
        assert cut.index == middle


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
    assert board.grid() is board.slice("x", 0) is board.mask() is None
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
    with pytest.raises(StreamError, match="before starting the sweep"):
        board.crop((0, 0), (5, 5))


@pytest.fixture
def growing(make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest) -> tuple[RunningBoard, RunningStream]:
    """A board of a volume that grows, before its first frame."""
    clock = Clock()
    control = StreamControl(clock, "running")
    plan = plan_volume(make_sweep(40), None, UNIT)
    plan.poses.matrices[:, 2, 3] *= -1  # toward indices below 0
    source = RecordedInput("a sweep", plan, Pacing(rate=0))
    board = RunningBoard("a title", manifest.labels, source, control, clock)
    live = GrowingPlan(plan.settings, plan.poses.matrices[0], plan.frame_shape)
    frames = source.prepare().frames(control, clock, None)
    board.running = RunningStream(live, frames, VolumeSegmenter(session, manifest), UNIT, clock=clock)
    return board, board.running


def test_what_is_shown_follows_a_volume_that_grows(growing: tuple[RunningBoard, RunningStream]) -> None:
    board, running = growing
    before = board.slice("z", None)
    assert before is not None
    assert (before.index, before.extent.start, before.gray.shape) == (8, (0, 0, 0), (28, 40))
    outcome = running.run()
    assert isinstance(outcome, FinishedSweep)
    first = running.volume.extent.start[0]
    assert first < 0
    assert board.grid() == outcome.volume.grid
    volume, mask = board.volume(), board.mask()
    assert volume is not None
    assert mask is not None
    assert volume.grid == mask.grid == outcome.volume.grid
    for index in (first - 5, first, -3, 0, 8, 900):
        there = min(max(index - first, 0), outcome.volume.voxels.shape[0] - 1)
        cut = board.slice("z", index)
        assert cut is not None
        assert cut.index == there + first
        assert np.array_equal(cut.gray, outcome.volume.voxels[there])
        assert np.array_equal(cut.labels, outcome.mask.voxels[there])
    probe = board.slice("z", None)
    assert probe is not None
    assert probe.index == round(7.5 - 39)  # the first frame lay in the middle of 16 voxels
    assert np.array_equal(probe.gray, outcome.volume.voxels[probe.index - first])


def test_a_plane_is_of_one_moment_although_the_volume_grows_meanwhile(
    growing: tuple[RunningBoard, RunningStream], make_sweep: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, running = growing
    read, images = running.volume.read, make_sweep(2).images

    def grown_first(box: Box) -> Any:
        pose = np.eye(4)
        pose[:3, 3] = -50 * running.volume.inserted, 0, -60
        running.volume.insert(PosedFrame(Frame(0, images[0], 0.0), pose))
        return read(box)

    monkeypatch.setattr(running.volume, "read", grown_first)
    for axis in ("x", "y", "z"):
        shape = dict(zip("zyx", running.volume.extent.grid.shape, strict=True))
        cut = board.slice(axis, 3)  # type: ignore[arg-type]
        assert cut is not None
        assert cut.gray.shape == cut.labels.shape == tuple(size for name, size in shape.items() if name != axis)
        whole = board.volume()
        assert whole is not None
        assert whole.voxels.shape == whole.grid.shape
        assert np.prod(running.volume.extent.grid.shape) > np.prod(whole.grid.shape) > np.prod(cut.extent.grid.shape)
