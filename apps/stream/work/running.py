"""Streams a sweep through all stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from apps.stream.core.clock import Clock
from apps.stream.core.volume_plan import VolumePlan
from apps.stream.pipeline.feed import Feed
from apps.stream.pipeline.latency import LatencyTracker, StageTimer
from apps.stream.pipeline.memory_limit import memory_limit_mb
from apps.stream.pipeline.monitor import Monitor
from apps.stream.pipeline.pipeline import Pipeline, Stage
from apps.stream.pipeline.watchdog import Watchdog
from apps.stream.work.compounder import CompounderStage, Compounding, GrowingVolume
from apps.stream.work.network_view import network_view
from apps.stream.work.outcome import StreamOutcome
from apps.stream.work.probe_path import ProbePath
from apps.stream.work.recorder_stage import RecorderStage
from apps.stream.work.segmenter import SegmenterStage, TileSegmenter
from edge_sdk.errors import StreamError
from edge_sdk.progress import Progress
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Volume


class RunningStream:
    """The stages of one sweep, warmed up and ready to run.

    Attributes:
        plan, feed: What becomes of which frames.
        volume: Where they go.
        compounding, segmenting: Its stages.
        tracker: Latencies so far.
        pipeline: Its stages.
        queues: Between them.
        memory_limit_mb: Resident memory that the process will not exceed.
    """

    def __init__(
        self,
        plan: VolumePlan,
        feed: Feed,
        segmenter: TileSegmenter,
        package_spacing: tuple[float, float, float],
        *,
        clock: Clock,
        compounder: Compounding | None = None,
        recorder: RecorderStage | None = None,
        outlet_bytes: int = 0,
    ) -> None:
        """
        Args:
            plan: What volume to build.
            feed: Frames and poses.
            segmenter: The network on tiles.
            package_spacing: mm per voxel (x, y, z) that the network was trained on.
            clock: Of the feed's time stamps.
            compounder: Where frames go; by default the plan's.
            recorder: Where every frame also goes; it is left to be finished.
            outlet_bytes: What those take at most that follow the stream.

        Raises:
            GeometryError: All together would not fit in memory.
        """
        self.plan, self.feed, self._clock = plan, feed, clock
        self._timer, self.tracker = StageTimer(clock.now), LatencyTracker()
        self.volume = GrowingVolume(compounder or plan.compounder(), plan.settings.fill_holes)
        face = (plan.settings.clip or ClipRegion()).upper_middle(plan.frame_shape)
        self.compounding = CompounderStage(feed.posed, self.volume, self._timer, clock, ProbePath(face))
        self.segmenting = SegmenterStage(
            self.compounding.touched,
            network_view(self.volume, package_spacing),
            segmenter,
            finish_volume=self.volume.voxels,
            tracker=self.tracker,
            timer=self._timer,
            clock=clock,
        )
        stages: list[Stage] = [*feed.stages, self.compounding, self.segmenting]
        self.pipeline = Pipeline([*stages, recorder] if recorder else stages)
        self.queues = [*feed.queues, *self.pipeline.queues]
        self._watchdog = Watchdog(self.queues, clock)
        held = self.segmenting.held_bytes + outlet_bytes
        self.memory_limit_mb = memory_limit_mb(plan, self.queues, held)
        with self._timer.step("warm up"):
            plan.warm_up()
            self.segmenting.warm_up()

    @property
    def left_out(self) -> Counter[str]:
        """Reason → frames that were not inserted."""
        # Copies: the stages go on counting in their threads.
        return Counter(dict(self.feed.left_out)) + Counter(dict(self.compounding.left_out))

    def run(
        self,
        progress: Progress | None = None,
        *,
        watch: Callable[[], None] = lambda: None,
        asked: Callable[[], bool] = lambda: False,
    ) -> StreamOutcome:
        """Compound and segment at once; returns when the mask is final or a stage has failed.

        Args:
            progress: Called with (done, total, what).
            watch: Called about ten times a second.
            asked: Whether the program was asked to end.

        Raises:
            StreamError: No frame reached the volume although no stage failed.
        """
        with Monitor(self.queues, self._clock) as monitor:
            self.feed.begin()
            self.pipeline.run(interrupt=self.feed.stop, watch=partial(self._watch, progress, watch), asked=asked)
        if self.pipeline.failure is None and self.volume.inserted == 0:
            raise self._nothing_inserted()
        return self._outcome(monitor)

    def _watch(self, progress: Progress | None, watch: Callable[[], None]) -> None:
        watch()
        done = self.segmenting.inferred_live, self.segmenting.inferred_final, self.segmenting.finished_tiles
        finishing = self.compounding.touched.finished and self.segmenting.final_voxels is None
        self._watchdog.look(done, finishing=finishing)
        if progress:
            if self.feed.total is not None:
                progress(self.feed.read, self.feed.total, "frames")
            progress(self.segmenting.finished_tiles, self.segmenting.tile_count, "final tiles")

    def _nothing_inserted(self) -> StreamError:
        why = self.left_out.most_common(1)
        return StreamError(
            "no frame reached the volume" + (f": {why[0][0]}, {why[0][1]} of {self.feed.read} frames" if why else ""),
            remedy="check the poses, and where the volume lies (--box, --around, or OutputOrigin and OutputExtent)",
        )

    def _outcome(self, monitor: Monitor) -> StreamOutcome:
        feed, segmenting, tracker, grid = self.feed, self.segmenting, self.tracker, self.plan.grid
        voxels = segmenting.final_voxels
        return StreamOutcome(
            volume=Volume(self.volume.voxels() if voxels is None else voxels, grid),
            mask=None if voxels is None else Volume(segmenting.mask(), grid),
            seen=self.volume.hit(),
            frames={
                "in_recording": feed.total,
                "read": feed.read,
                "inserted": self.volume.inserted,
                "dropped": sum(queue.dropped for queue in self.queues),
                "left_out": dict(self.left_out.most_common()),
            },
            ended_early=feed.stopped,
            latency_whole_s=tracker.whole,
            latency_first_s=tracker.first,
            latency_displayed_s=tracker.displayed,
            tiles={
                "in_volume": segmenting.tile_count,
                "inferred_live": segmenting.inferred_live,
                "inferred_final": segmenting.inferred_final,
            },
            final_mask_s=segmenting.finished_at - feed.ended_at,
            streaming_s=feed.last_due - feed.first_due,
            stages=self._timer.described(),
            queues=[queue.described() for queue in self.queues],
            timeline={
                **monitor.described(),
                "sweep_from_s": round(monitor.since_start(feed.first_due), 3),
                "sweep_to_s": round(monitor.since_start(feed.ended_at), 3),
                "final_mask_at_s": round(monitor.since_start(segmenting.finished_at), 3),
            },
            failure=self.pipeline.failure,
            memory_limit_mb=self.memory_limit_mb,
        )
