"""A recorded sweep through all stages, without a job around them."""

from __future__ import annotations

from typing import Any

from apps.stream.core.clock import Clock
from apps.stream.core.volume_plan import RecordingPlan
from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.recorded.replayed_frames import ReplayedFrames
from apps.stream.work.outcome import StreamOutcome
from apps.stream.work.running import RunningStream
from apps.stream.work.segmenter import TileSegmenter
from edge_sdk.progress import Progress


def run_stream(
    plan: RecordingPlan,
    pacing: Pacing,
    segmenter: TileSegmenter,
    package_spacing: tuple[float, float, float],
    *,
    clock: Clock | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> StreamOutcome:
    """Replay a recording; `options` are those of `RunningStream`."""
    clock = clock or Clock()
    frames = ReplayedFrames(plan, pacing, clock)
    return RunningStream(plan, frames, segmenter, package_spacing, clock=clock, **options).run(progress)
