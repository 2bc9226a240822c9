"""The whole pipeline on tiny sweeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from apps.stream.core.stream_volume import FixedVolume
from apps.stream.core.volume_plan import RecordingPlan, plan_volume
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.work.outcome import FailedSweep, FinishedSweep, FrameCounts, StreamOutcome
from edge_sdk.errors import GeometryError, StreamError
from edge_sdk.inference.segment import segment
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.reconstruct import reconstruct
from edge_sdk.volume.settings import HoleFilling, ReconstructionSettings
from tests.apps.stream.replaying import run_stream

MAX = Pacing(rate=0)
UNIT = (1.0, 1.0, 1.0)


def streamed(
    plan: RecordingPlan, session: Any, manifest: Manifest, pacing: Pacing = MAX, **options: Any
) -> StreamOutcome:
    return run_stream(plan, pacing, VolumeSegmenter(session, manifest), manifest.spacing_mm, **options)


def finished(
    plan: RecordingPlan, session: Any, manifest: Manifest, pacing: Pacing = MAX, **options: Any
) -> FinishedSweep:
    outcome = streamed(plan, session, manifest, pacing, **options)
    assert isinstance(outcome, FinishedSweep)
    return outcome


def failed(plan: RecordingPlan, session: Any, manifest: Manifest, pacing: Pacing = MAX, **options: Any) -> FailedSweep:
    outcome = streamed(plan, session, manifest, pacing, **options)
    assert isinstance(outcome, FailedSweep)
    return outcome


def same_as_segment(outcome: FinishedSweep, session: Any, manifest: Manifest) -> bool:
    expected = segment(session, outcome.volume, manifest).voxels
    assert len(np.unique(expected)) == 3, "the formula network should show all its classes"
    return np.array_equal(outcome.mask.voxels, expected)


def test_unpaced_every_frame_is_inserted_and_the_mask_is_exact(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    sweep = make_sweep(30)
    outcome = finished(plan_volume(sweep, None, UNIT), session, manifest)
    assert outcome.frames == FrameCounts(in_recording=30, read=30, inserted=30, dropped=0, left_out={})
    offline = reconstruct(sweep, settings=ReconstructionSettings(spacing=UNIT))
    assert np.array_equal(outcome.volume.voxels, offline.voxels)
    assert outcome.volume.grid.origin == offline.grid.origin
    assert same_as_segment(outcome, session, manifest)
    assert len(outcome.latency_whole_s) == 30
    assert all(
        0 <= first <= whole for first, whole in zip(outcome.latency_first_s, outcome.latency_whole_s, strict=True)
    )
    half_a_millisecond = 0.0005  # the time line is rounded
    assert max(outcome.latency_whole_s) <= outcome.timeline.final_mask_at_s + half_a_millisecond


def test_the_pace_does_not_change_the_result(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    plan = plan_volume(make_sweep(20), None, UNIT)
    session.hook = lambda _call: time.sleep(0.002)
    outcomes = [finished(plan, session, manifest, pacing) for pacing in (MAX, Pacing(fps=400), Pacing(rate=2))]
    for outcome in outcomes:
        assert outcome.frames.inserted == 20
        assert same_as_segment(outcome, session, manifest)
    assert outcomes[2].tiles.inferred_live > 0


def test_another_spacing_is_resampled_as_segment_does(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    coarse = manifest.model_copy(update={"spacing_mm": (1.5, 1.4, 1.3)})
    plan = plan_volume(
        make_sweep(40), PlusConfig(reconstruction=ReconstructionSettings(spacing=UNIT)), coarse.spacing_mm
    )
    assert plan.grid.spacing == UNIT
    outcome = finished(plan, session, coarse, Pacing(fps=300))
    assert same_as_segment(outcome, session, coarse)


def test_holes_are_filled_in_the_final_volume(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    fill = (HoleFilling("NEAREST_NEIGHBOR", size=3),)
    settings = ReconstructionSettings(spacing=(1.0, 1.0, 0.5), interpolation="nearest", fill_holes=fill)
    sweep = make_sweep(24)
    plan = plan_volume(sweep, PlusConfig(reconstruction=settings), settings.spacing)
    outcome = finished(plan, session, manifest.model_copy(update={"spacing_mm": settings.spacing}))
    assert np.array_equal(outcome.volume.voxels, reconstruct(sweep, settings=settings).voxels)
    assert outcome.volume.voxels[~outcome.seen].any()
    assert same_as_segment(outcome, session, manifest.model_copy(update={"spacing_mm": settings.spacing}))


def test_bad_poses_are_left_out_and_counted(make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest) -> None:
    plan = plan_volume(make_sweep(12, bad={3: "INVALID", 4: "MISSING"}), None, UNIT)
    frames = finished(plan, session, manifest).frames
    assert frames.inserted == 10
    assert frames.left_out == {"ImageToReference is INVALID": 1, "ImageToReference is MISSING": 1}


class SlowCompounder(Compounder):
    def insert(self, *arguments: Any) -> Any:
        time.sleep(0.02)
        return super().insert(*arguments)


def test_frames_that_come_too_fast_are_dropped_and_every_one_is_accounted_for(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    plan = plan_volume(make_sweep(120, bad={0: "INVALID"}), None, UNIT)
    outcome = finished(plan, session, manifest, Pacing(fps=2000), volume=FixedVolume(SlowCompounder(plan.grid)))
    frames = outcome.frames
    assert frames.dropped > 0
    assert frames.inserted + frames.dropped + sum(frames.left_out.values()) == frames.read == 120
    by_queue = {queue.name: queue.dropped for queue in outcome.queues}
    assert by_queue == {"posed frames": frames.dropped, "touched boxes": 0}
    assert outcome.timeline.frames_dropped[-1] == frames.dropped
    assert same_as_segment(outcome, session, manifest)


def test_a_segmenter_that_fails_stops_the_stream_and_the_volume_stays(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    def fail(call: int) -> None:
        if call > 2:
            raise RuntimeError("engine lost")

    session.hook = fail
    outcome = failed(plan_volume(make_sweep(200), None, UNIT), session, manifest, Pacing(fps=200))
    assert isinstance(outcome.failure, StreamError)
    assert "stage segmenter: stopped by RuntimeError: engine lost" in str(outcome.failure)
    assert 0 < outcome.frames.inserted < 200
    assert outcome.volume.voxels.any()


class FailingCompounder(Compounder):
    def insert(self, image: Any, matrix: Any) -> Any:
        if matrix[2, 3] >= 5:
            raise GeometryError("voxels lost", remedy="none")
        return super().insert(image, matrix)


def test_a_compounder_that_fails_is_named_and_no_mask_is_claimed(
    make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest
) -> None:
    plan = plan_volume(make_sweep(300), None, UNIT)
    outcome = failed(plan, session, manifest, volume=FixedVolume(FailingCompounder(plan.grid)))
    assert "stage compounder: voxels lost" in str(outcome.failure)
    assert outcome.frames.inserted == 5


def test_frames_outside_the_grid_are_said(make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest) -> None:
    settings = ReconstructionSettings(spacing=UNIT, origin=(0.0, 0.0, 0.0), extent=(0, 29, 0, 23, 0, 4))
    plan = plan_volume(make_sweep(20), PlusConfig(reconstruction=settings), UNIT)
    outcome = finished(plan, session, manifest)
    assert outcome.frames.left_out["outside the volume"] + outcome.frames.inserted == 20
    nowhere = replace(settings, origin=(500.0, 0.0, 0.0))
    with pytest.raises(StreamError, match="no frame reached the volume"):
        streamed(plan_volume(make_sweep(20), PlusConfig(reconstruction=nowhere), UNIT), session, manifest)


def test_frames_without_gray_levels_are_refused_before_the_stream(make_sweep: Callable[..., Sweep]) -> None:
    sweep = make_sweep(4)
    with pytest.raises(GeometryError, match="5 channels"):
        plan_volume(replace(sweep, images=np.repeat(sweep.images[..., None], 5, axis=3)), None, UNIT)


def test_latency_by_the_clock(make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest, clock: Any) -> None:
    """With a clock that only the network moves, latencies are whole multiples of the network's second."""

    def second(_call: int) -> None:
        clock.time += 1.0

    session.hook = second
    outcome = finished(plan_volume(make_sweep(16), None, UNIT), session, manifest, clock=clock)
    calls = session.calls - 1  # One was the warm-up, before the first frame.
    assert outcome.final_mask_s <= calls
    assert max(outcome.latency_whole_s) <= calls
    assert min(outcome.latency_first_s) >= 1.0
    assert all(abs(value - round(value)) < 1e-9 for value in outcome.latency_whole_s)
