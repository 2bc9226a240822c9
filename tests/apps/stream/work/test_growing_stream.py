"""Sweeps into a volume that grows: the voxels of a volume of known extent, and the mask of `segment`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from apps.stream.core.clock import Clock
from apps.stream.core.growing_volume import BEYOND, GrowingVolume
from apps.stream.core.volume_plan import GrowingPlan, RecordingPlan, plan_volume
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.recorded.replayed_frames import ReplayedFrames
from apps.stream.work.network_view import lattice_in_volume
from apps.stream.work.outcome import FinishedSweep, StreamOutcome
from apps.stream.work.running import RunningStream
from edge_sdk.errors import GeometryError, StreamError
from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.segment import segment
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.orientation import tracker_order
from edge_sdk.volume.reconstruct import make_compounder, read_out
from edge_sdk.volume.settings import HoleFilling, ReconstructionSettings

UNIT = (1.0, 1.0, 1.0)
SETTINGS = ReconstructionSettings(spacing=UNIT)
FILL = (HoleFilling("NEAREST_NEIGHBOR", size=3),)


def moved(sweep: Sweep, matrices: NDArray[np.float64]) -> Sweep:
    """The sweep with other poses."""
    status = ("OK",) * len(matrices)
    return replace(sweep, transforms={"ImageToReference": TrackedTransform(matrices, status)})


def recorded(sweep: Sweep, how: ReconstructionSettings = SETTINGS) -> RecordingPlan:
    return plan_volume(sweep, PlusConfig(reconstruction=how), UNIT)


def started(
    plan: RecordingPlan, session: Any, manifest: Manifest, *, limit: float = math.inf, pacing: Pacing | None = None
) -> RunningStream:
    """A stream of a recording into a volume that grows to so many voxels at most."""
    clock = Clock()
    growing = GrowingPlan(plan.settings, plan.poses.matrices[0], plan.frame_shape)
    segmenter = VolumeSegmenter(session, manifest)
    order = tracker_order(manifest.orientation)
    lattice = lattice_in_volume(segmenter.lattice, plan.settings.spacing, manifest.spacing_mm, order)
    volume = Remembering(growing.open(lattice, lambda grid, _beside: math.prod(grid.shape) <= limit))
    frames = ReplayedFrames(plan, pacing or Pacing(rate=0), clock)
    about = manifest.spacing_mm, manifest.orientation
    return RunningStream(growing, frames, segmenter, about[0], orientation=about[1], clock=clock, volume=volume)


class Remembering:
    """Passes on to a volume, and keeps the frames: a busy machine drops some of a paced recording.

    Attributes:
        given: Images and poses in the order of their insertion.
    """

    def __init__(self, volume: GrowingVolume) -> None:
        self.volume, self.given = volume, list[tuple[Any, Any]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.volume, name)

    def insert(self, image: Any, image_to_world: Any) -> Any:
        self.given.append((image, image_to_world))
        return self.volume.insert(image, image_to_world)


def given_to(running: RunningStream) -> list[tuple[Any, Any]]:
    volume: Any = running.volume._volume
    return list(volume.given)


def known_voxels(running: RunningStream, grid: Grid) -> NDArray[np.uint8]:
    """The frames in a volume of this extent."""
    settings = running.plan.settings
    compounder = make_compounder(grid, settings)
    for image, pose in given_to(running):
        compounder.insert(image, pose)
    return read_out(compounder, settings)[0]


def check(outcome: StreamOutcome, running: RunningStream, session: Any, manifest: Manifest) -> None:
    """Voxels as of a known extent, labels as of `segment`, on one grid."""
    assert isinstance(outcome, FinishedSweep)
    grid = outcome.volume.grid
    assert outcome.volume.voxels.shape == outcome.mask.voxels.shape == outcome.seen.shape == grid.shape
    np.testing.assert_array_equal(outcome.volume.voxels, known_voxels(running, grid))
    np.testing.assert_array_equal(outcome.mask.voxels, segment(session, outcome.volume, manifest).voxels)


@pytest.mark.parametrize("direction", [1, -1], ids=["onwards", "back"])
@pytest.mark.parametrize(
    ("how", "package", "orientation"),
    [
        (SETTINGS, UNIT, None),
        (replace(SETTINGS, interpolation="nearest", spacing=(1.0, 1.0, 0.5), fill_holes=FILL), (1.0, 1.0, 0.5), None),
        (SETTINGS, (2.0, 2.0, 2.0), None),
        (SETTINGS, (0.5, 0.5, 0.5), None),
        (replace(SETTINGS, fill_holes=FILL, spacing=(0.9, 0.8, 0.7)), (1.1, 0.9, 1.3), None),
        (SETTINGS, UNIT, "RAS"),
        (replace(SETTINGS, fill_holes=FILL, spacing=(0.9, 0.8, 0.7)), (1.1, 0.9, 1.3), "SLA"),
    ],
    ids=[
        "network's spacing",
        "holes filled",
        "resampled by two",
        "resampled to finer",
        "resampled, no whole steps",
        "mirrored",
        "resampled and reordered",
    ],
)
def test_it_is_the_volume_of_known_extent_and_the_mask_of_segment(
    make_sweep: Callable[..., Sweep],
    session: Any,
    manifest: Manifest,
    direction: int,
    how: Any,
    package: Any,
    orientation: str | None,
) -> None:
    sweep = make_sweep(60)
    matrices = sweep.transforms["ImageToReference"].matrices.copy()
    matrices[:, 2, 3] *= direction
    matrices[:, 0, 3] = np.linspace(0, 25 * direction, 60)
    plan = recorded(moved(sweep, matrices), how)
    manifest = manifest.model_copy(update={"spacing_mm": package, "orientation": orientation})
    running = started(plan, session, manifest, pacing=Pacing(fps=400))
    first = running.volume.extent
    outcome = running.run()
    check(outcome, running, session, manifest)
    assert outcome.frames.inserted + outcome.frames.dropped == 60
    last = running.volume.extent
    assert np.prod(last.grid.shape) > np.prod(first.grid.shape)
    assert (min(last.start) < 0) == (direction < 0)
    np.testing.assert_allclose(last.lattice_to_world, first.lattice_to_world, atol=1e-9)
    network = NetworkGrid(tracker_order(orientation).grid(running.segmenting.labeling.grid), package)
    assert outcome.tiles.in_volume == len(VolumeSegmenter(session, manifest).tiles(network.shape))


def test_each_frame_has_a_latency_however_often_the_volume_grows(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    outcome = started(recorded(make_sweep(80)), session, manifest, pacing=Pacing(fps=200)).run()
    assert len(outcome.latency_whole_s) == len(outcome.latency_first_s) == outcome.frames.inserted
    assert outcome.warnings == ()


def test_tiles_inferred_before_a_growth_are_not_inferred_again(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    """Frame by frame, each after the mask of the one before, so that all is inferred live."""
    plan = recorded(make_sweep(40))
    running = started(plan, session, manifest)
    shapes = set()
    for index in range(40):
        running.compounding._posed.put(posed(plan, index))
        touched = running.volume.insert(running.compounding._posed.get())
        running.segmenting._take_news([] if touched is None else [touched])
        shapes.add(running.segmenting.labeling.grid.shape)
        running.segmenting._turn, running.segmenting._fresh = running.segmenting._fresh, set()
        while running.segmenting._turn:
            running.segmenting._update(running.segmenting._turn.pop(), min_change=0.0)
    assert len(shapes) > 2
    calls = session.calls
    running.compounding.touched.close()
    running.segmenting.run()
    assert session.calls == calls  # nothing was left to do for the final mask
    assert running.segmenting.inferred_final == 0
    final = running.segmenting.final_volume
    assert final is not None
    np.testing.assert_array_equal(running.segmenting.mask().voxels, segment(session, final, manifest).voxels)


def posed(plan: RecordingPlan, index: int) -> Any:
    from apps.stream.pipeline.messages import Frame, PosedFrame

    return PosedFrame(Frame(index, plan.sweep.images[index], 0.0), plan.poses.matrices[index])


def test_at_the_limit_it_says_so_keeps_what_it_has_and_goes_on(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    """There and back: the way out ends at the limit, on the way back every frame lies inside again."""
    sweep = make_sweep(60)
    matrices = sweep.transforms["ImageToReference"].matrices.copy()
    matrices[:, 2, 3] = 40 - abs(np.arange(60) - 40)
    limit = 28 * 28 * 40
    running = started(recorded(moved(sweep, matrices)), session, manifest, limit=limit)
    assert running.limit_warning() is None
    outcome = running.run()
    check(outcome, running, session, manifest)
    depth = outcome.volume.grid.shape[0]
    assert np.prod(outcome.volume.grid.shape) <= limit < np.prod((depth + 12, *outcome.volume.grid.shape[1:]))
    left_out = outcome.frames.left_out
    assert set(left_out) == {BEYOND}
    assert outcome.frames.inserted + left_out[BEYOND] == 60
    assert left_out[BEYOND] == sum(matrices[:, 2, 3] > depth - 1 - 8)  # the first frame lies in the middle of 16 voxels
    assert outcome.volume.voxels[-1].any()
    (warning,) = outcome.warnings
    assert f"28×{depth} voxels within {outcome.memory_limit_mb:.0f} MB" in warning.what
    assert f"{left_out[BEYOND]} frames wholly, 0 in part" in warning.what
    assert "--max-memory" in warning.remedy


def test_of_a_frame_that_leaves_the_volume_at_its_limit_the_rest_is_inserted(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    sweep = make_sweep(20)
    matrices = sweep.transforms["ImageToReference"].matrices.copy()
    matrices[:, 2, 3] = 0.5
    matrices[:, 0, 3] = np.arange(20) * 2.0
    running = started(recorded(moved(sweep, matrices)), session, manifest, limit=16 * 28 * 40)
    outcome = running.run()
    check(outcome, running, session, manifest)
    # The grid is 40 voxels wide and begins 5 before the first frame, which is 30 wide.
    assert outcome.frames.inserted == 18
    assert outcome.frames.left_out == {BEYOND: 2}
    assert "2 frames wholly, 15 in part" in outcome.warnings[0].what


@pytest.mark.parametrize("distance", [300.0, -2000.0, 1e12])
def test_an_outlier_does_not_blow_the_volume_up(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest, distance: float
) -> None:
    plan = recorded(make_sweep(30))
    plan.poses.matrices[11, :3, 3] += distance
    running = started(plan, session, manifest, limit=100_000)
    outcome = running.run()
    assert isinstance(outcome, FinishedSweep)
    assert outcome.frames.inserted == 29
    assert sum(outcome.frames.left_out.values()) == 1
    assert outcome.volume.grid.shape == (40, 28, 40)
    check(outcome, running, session, manifest)


def test_a_sweep_that_never_reaches_it_names_the_remedy(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    plan = recorded(make_sweep(5))
    running = started(plan, session, manifest, limit=1)
    plan.poses.matrices[:, 0, 3] += 500.0
    with pytest.raises(StreamError, match=rf"{BEYOND}, 5 of 5 frames.*--max-memory"):
        running.run()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), limit=st.sampled_from([math.inf, 60_000, 150_000]))
def test_any_poses_give_the_voxels_of_a_known_extent(session: Any, manifest: Manifest, seed: int, limit: float) -> None:
    """Up to the first refusal to grow; later ones may grow elsewhere, where an earlier frame was cut."""
    random = np.random.default_rng(seed)
    lattice = VolumeSegmenter(session, manifest).lattice
    plan = GrowingPlan(SETTINGS, np.eye(4), (20, 24))
    volume = plan.open(lattice, lambda grid, _beside: not volume.limit_reached and math.prod(grid.shape) <= limit)
    frames = []
    for _ in range(8):
        turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn * random.uniform(0.3, 1.2), random.uniform(-40, 40, 3)
        frames.append((random.integers(0, 256, (20, 24), dtype=np.uint8), pose))
        box = volume.insert(*frames[-1])
        assert box is None or volume.extent.box.holds(box)
        assert math.prod(volume.extent.grid.shape) <= max(limit, 16**3 * 28 * 28)
    start, step = volume.extent.start, np.array(lattice.step)
    assert ((np.array(start) <= 0) & (np.array(start) % step == 0)).all()
    assert ((np.subtract(volume.extent.grid.shape, lattice.patch) % step) == 0).all()
    known = Compounder(volume.extent.grid)
    for frame in frames:
        known.insert(*frame)
    for part, expected in zip(volume.read(volume.extent.box), known.read(), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_every_read_is_of_one_moment_while_the_volume_grows(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    plan = recorded(make_sweep(150))
    running = started(plan, session, manifest)
    volume: Any = running.volume
    shapes, faults = set[tuple[int, ...]](), list[BaseException]()
    insert, turns, done = volume.insert, threading.Semaphore(0), threading.Semaphore(0)

    def insert_in_turn(frame: Any) -> Any:
        turns.acquire()  # a frame for each round of reads, so that each extent is read while the next one comes
        touched = insert(frame)
        done.release()
        return touched

    volume.insert = insert_in_turn

    def read() -> None:
        try:
            for _ in range(150):
                turns.release()
                whole, mask = running.volume.whole(), running.segmenting.mask()
                assert whole.voxels.shape == whole.grid.shape
                assert mask.voxels.shape == mask.grid.shape
                shapes.add(whole.grid.shape)
                done.acquire()
        except BaseException as error:
            faults.append(error)
        finally:
            turns.release(150)

    reader = threading.Thread(target=read)
    reader.start()
    outcome = running.run()
    reader.join()
    assert not faults, faults
    assert len(shapes) > 1
    check(outcome, running, session, manifest)
    assert outcome.frames.inserted == 150


@pytest.mark.parametrize("max_memory", [1, None])
def test_a_limit_below_the_first_frames_need_is_refused_at_the_start(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, max_memory: Any
) -> None:
    monkeypatch.setattr("apps.stream.pipeline.memory_limit.usable_memory", lambda: 200 << 20)
    plan, clock = recorded(make_sweep(5)), Clock()
    growing = GrowingPlan(plan.settings, plan.poses.matrices[0], plan.frame_shape)
    frames, segmenter = ReplayedFrames(plan, Pacing(rate=0), clock), VolumeSegmenter(session, manifest)
    options: Any = {"clock": clock, "max_memory": max_memory}
    if max_memory is None:
        running = RunningStream(growing, frames, segmenter, UNIT, **options)
        # What may be used is stated and not only what the first grid takes: the volume grows into it.
        assert running.memory_limit_mb > (200 << 20) / 1e6
        return
    with pytest.raises(GeometryError, match=r"0\.0 MiB may be used.*--max-memory"):
        RunningStream(growing, frames, segmenter, UNIT, **options)
