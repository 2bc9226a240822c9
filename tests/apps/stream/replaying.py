"""A recorded sweep streamed through all stages, without a program around it."""

from __future__ import annotations

from apps.stream.core.clock import Clock
from apps.stream.core.volume_plan import Plan
from apps.stream.input.pacing import Pacing
from apps.stream.input.replay import ReplayFeed
from apps.stream.work.compounder import Compounding
from apps.stream.work.outcome import StreamOutcome
from apps.stream.work.running import RunningStream
from apps.stream.work.segmenter import TileSegmenter
from edge_sdk.progress import Progress


def run_stream(
    plan: Plan,
    pacing: Pacing,
    segmenter: TileSegmenter,
    package_spacing: tuple[float, float, float],
    *,
    compounder: Compounding | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> StreamOutcome:
    """Replay a recorded sweep, compound and segment it at once.

    Args:
        plan: What to stream into which volume.
        pacing: How fast.
        segmenter, package_spacing, compounder: As of `RunningStream`.
        clock: For tests.
        progress: Called with (done, total, what).

    Raises:
        EdgeSdkError: The recording's time stamps cannot pace it.
        StreamError: No frame reached the volume although no stage failed.
    """
    clock = clock or Clock()
    feed = ReplayFeed(plan, pacing, clock)
    return RunningStream(plan, feed, segmenter, package_spacing, clock=clock, compounder=compounder).run(progress)
