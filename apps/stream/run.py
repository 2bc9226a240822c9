"""Streams a recorded sweep through all stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.clock import Clock
from apps.stream.compounder import CompounderStage, Compounding, GrowingVolume
from apps.stream.latency import LatencyTracker, StageTimer
from apps.stream.monitor import Monitor
from apps.stream.pipeline import Pipeline, Stage
from apps.stream.plan import Plan
from apps.stream.recording import RecorderStage
from apps.stream.segmenter import SegmenterStage, TileSegmenter
from apps.stream.source import ReplaySource
from apps.stream.synchroniser import Synchroniser
from apps.stream.uri import Pacing
from apps.stream.view import network_view
from edge_sdk.errors import StreamError
from edge_sdk.progress import Progress
from edge_sdk.volume.grid import Volume


@dataclass(frozen=True)
class StreamOutcome:
    """What a stream leaves.

    Attributes:
        volume: Compounded voxels (D, H, W) uint8: the final ones, or what was there when a stage failed.
        mask: Labels (D, H, W) uint8, exact for `volume`; None where a stage failed.
        seen: Voxels that received a pixel, (D, H, W).
        frames: Counts: "in_recording", "read", "inserted", "dropped", and "left_out" by reason.
        ended_early: Whether the user ended the sweep before its last frame.
        latency_whole_s, latency_first_s: Seconds per inserted frame, see `LatencyTracker`.
        tiles: Counts: "in_volume", "inferred_live", "inferred_final".
        final_mask_s: Seconds from the last frame's time stamp to the final mask.
        streaming_s: Seconds from the first frame's time stamp to the last's.
        stages, queues, timeline: For the report.
        failure: Which stage failed and why, or None.
    """

    volume: Volume
    mask: Volume | None
    seen: NDArray[np.bool_]
    frames: dict[str, Any]
    ended_early: bool
    latency_whole_s: list[float]
    latency_first_s: list[float]
    tiles: dict[str, int]
    final_mask_s: float
    streaming_s: float
    stages: list[dict[str, Any]]
    queues: list[dict[str, Any]]
    timeline: dict[str, Any]
    failure: StreamError | None


def run_stream(
    plan: Plan,
    pacing: Pacing,
    segmenter: TileSegmenter,
    package_spacing: tuple[float, float, float],
    *,
    compounder: Compounding | None = None,
    clock: Clock | None = None,
    recorder: RecorderStage | None = None,
    progress: Progress | None = None,
) -> StreamOutcome:
    """Replay, compound and segment at once; returns when the mask is final or a stage has failed.

    Args:
        plan: What to stream into which volume.
        pacing: How fast.
        segmenter: The network on tiles.
        package_spacing: mm per voxel (x, y, z) that the network was trained on.
        compounder: Where frames go; by default the plan's.
        clock: For tests.
        recorder: Where every frame also goes; it is left to be finished.
        progress: Called with (done, total, what).

    Raises:
        EdgeSdkError: The recording's time stamps cannot pace it.
        StreamError: No frame reached the volume although no stage failed.
    """
    clock = clock or Clock()
    timer, tracker = StageTimer(clock.now), LatencyTracker()
    volume = GrowingVolume(compounder or plan.compounder(), plan.settings.fill_holes)
    source = ReplaySource(plan.sweep, plan.poses, pacing, clock, record_to=recorder.recorded if recorder else None)
    synchroniser = Synchroniser(source.frames, source.poses, skip_interval=plan.settings.skip_interval)
    compounding = CompounderStage(synchroniser.posed, volume, timer)
    segmenting = SegmenterStage(
        compounding.touched,
        network_view(volume, package_spacing),
        segmenter,
        finish_volume=volume.voxels,
        tracker=tracker,
        timer=timer,
        clock=clock,
    )
    with timer.step("warm up"):
        plan.warm_up()
        segmenting.warm_up()
    stages: list[Stage] = [source, synchroniser, compounding, segmenting]
    pipeline = Pipeline([*stages, recorder] if recorder else stages)

    def watch() -> None:
        if progress:
            progress(source.read, len(plan.sweep), "frames")
            progress(segmenting.finished_tiles, segmenting.tile_count, "final tiles")

    with Monitor(pipeline.queues, clock) as monitor:
        pipeline.run(interrupt=source.stop, watch=watch)
    failure = pipeline.failure
    if failure is None and volume.inserted == 0:
        raise StreamError(
            "no frame reached the volume",
            where=plan.sweep.source,
            remedy="check OutputOrigin and OutputExtent of the configuration, and the poses",
        )
    voxels = segmenting.final_voxels
    return StreamOutcome(
        volume=Volume(volume.voxels() if voxels is None else voxels, plan.grid),
        mask=None if voxels is None else Volume(segmenting.mask(), plan.grid),
        seen=volume.hit(),
        frames={
            "in_recording": len(plan.sweep),
            "read": source.read,
            "inserted": volume.inserted,
            "dropped": sum(queue.dropped for queue in pipeline.queues),
            "left_out": dict((synchroniser.left_out + compounding.left_out).most_common()),
        },
        ended_early=source.stopped,
        latency_whole_s=[tracker.whole[index] for index in sorted(tracker.whole)],
        latency_first_s=[tracker.first[index] for index in sorted(tracker.first)],
        tiles={
            "in_volume": segmenting.tile_count,
            "inferred_live": segmenting.inferred_live,
            "inferred_final": segmenting.inferred_final,
        },
        final_mask_s=segmenting.finished_at - source.last_due,
        streaming_s=source.last_due - source.first_due,
        stages=timer.described(),
        queues=[queue.described() for queue in pipeline.queues],
        timeline={
            **monitor.described(),
            "sweep_from_s": round(monitor.since_start(source.first_due), 3),
            "sweep_to_s": round(monitor.since_start(source.last_due), 3),
            "final_mask_at_s": round(monitor.since_start(segmenting.finished_at), 3),
        },
        failure=failure,
    )
