"""Streams a sweep through all stages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from apps.report.measured import NotMeasured
from apps.stream.core.clock import Clock
from apps.stream.core.growing_volume import BEYOND
from apps.stream.core.stream_volume import StreamVolume
from apps.stream.core.volume_plan import VolumePlan, warm_up
from apps.stream.pipeline.latency import LatencyTracker, StageTimer
from apps.stream.pipeline.memory_limit import StreamMemory
from apps.stream.pipeline.monitor import Monitor
from apps.stream.pipeline.pipeline import Pipeline, Stage
from apps.stream.pipeline.sweep_frames import SweepFrames
from apps.stream.pipeline.watchdog import Watchdog
from apps.stream.work.compounder import CompounderStage
from apps.stream.work.network_view import NetworkView, lattice_in_volume
from apps.stream.work.outcome import FailedSweep, FinishedSweep, FrameCounts, StreamOutcome, TileCounts
from apps.stream.work.probe_path import ProbePath
from apps.stream.work.recorder_stage import RecorderStage
from apps.stream.work.segmenter import MIN_CHANGE, SegmenterStage, TileSegmenter, segmenter_bytes
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.errors import StreamError
from edge_sdk.gray_range import UINT8_RANGE
from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.progress import Progress
from edge_sdk.sweep.outside import OUTSIDE, lost_frames
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.orientation import AxisOrder, tracker_order


class RunningStream:
    """The stages of one sweep, warmed up and ready to run.

    Attributes:
        plan: How frames become a volume.
        frames: Frames of the sweep, with their poses.
        volume: Volume that the frames are inserted into.
        compounding, segmenting: Stages that insert frames, and segment what they changed.
        tracker: Latencies so far.
        pipeline: All stages, each on a thread.
        queues: Queues between the stages.
    """

    def __init__(
        self,
        plan: VolumePlan,
        frames: SweepFrames,
        segmenter: TileSegmenter,
        package_spacing: tuple[float, float, float],
        *,
        clock: Clock,
        orientation: str | None = None,
        volume: StreamVolume | None = None,
        recorder: RecorderStage | None = None,
        outlet_voxel_bytes: int = 0,
        max_memory: int | None = None,
    ) -> None:
        """
        Args:
            plan: How frames become a volume.
            frames: Frames of the sweep, with their poses.
            segmenter: Runs the network on tiles.
            package_spacing: mm per voxel (x, y, z) that the network was trained on.
            clock: Clock of the frames' time stamps.
            orientation: Of the network, see `Manifest.orientation`; None takes the volume's axes as they are.
            volume: Volume that the frames are inserted into; by default one that the plan opens.
            recorder: Stage that records every frame; the caller finishes its recording.
            outlet_voxel_bytes: What those take at most that follow the stream, for each voxel of the volume.
            max_memory: Bytes of resident memory that the process may take at most; None: what the device has.

        Raises:
            GeometryError: All together would not fit in memory.
        """
        self.plan, self.frames, self._clock = plan, frames, clock
        self._timer, self.tracker = StageTimer(clock.now), LatencyTracker()
        order = tracker_order(orientation)
        lattice = lattice_in_volume(segmenter.lattice, plan.settings.spacing, package_spacing, order)
        filled = [*frames.queues, *(queue for stage in frames.stages for queue in stage.outputs)]
        held = partial(_held_bytes, plan, segmenter.lattice, package_spacing, order, outlet_voxel_bytes)
        self._memory = StreamMemory(plan, filled, held, max_memory)
        volume = volume or plan.open(lattice, self._memory.fits)
        self.volume = SharedVolume(volume, plan.settings.fill_holes, plan.gray_range)
        face = (plan.settings.clip or ClipRegion()).upper_middle(plan.frame_shape)
        self.compounding = CompounderStage(frames.posed, self.volume, self._timer, clock, ProbePath(face))
        self.segmenting = SegmenterStage(
            self.compounding.touched,
            NetworkView(self.volume, package_spacing, order),
            segmenter,
            finish_volume=self.volume.whole,
            tracker=self.tracker,
            timer=self._timer,
            clock=clock,
            min_change=_level_step(plan) * MIN_CHANGE,
        )
        stages: list[Stage] = [*frames.stages, self.compounding, self.segmenting]
        self.pipeline = Pipeline([*stages, recorder] if recorder else stages)
        self.queues = [*frames.queues, *self.pipeline.queues]
        self._watchdog = Watchdog(self.queues, clock)
        self._memory.state(volume.extent.grid, volume.bytes_beside)
        with self._timer.step("warm up"):
            warm_up(plan)
            self.segmenting.warm_up()

    @property
    def memory_limit_mb(self) -> float:
        """Resident memory that the process will not exceed."""
        return self._memory.limit_mb

    def limit_warning(self) -> SweepWarning | None:
        """What to say once the volume could not grow for want of memory; None before."""
        if not self.volume.limit_reached:
            return None
        size = "×".join(str(count) for count in self.volume.extent.grid.shape[::-1])
        return SweepWarning(
            f"the volume may not grow beyond {size} voxels within {self.memory_limit_mb:.0f} MB of memory, and what "
            "lies further out is left out",
            "the sweep is larger than the memory allows, or the tracker has given a pose far away",
            "give --box or --around, a coarser --spacing, or a larger --max-memory",
        )

    def lost_warnings(self) -> list[SweepWarning]:
        """What to say of frames that reached no voxel; empty where there is none."""
        return lost_frames(self.left_out[OUTSIDE], self.volume.inserted + self.left_out[OUTSIDE])

    def clip_warning(self) -> SweepWarning | None:
        """What to say where frames hold levels beyond those decided at the start; None where none does."""
        clipped, gray_range = self.volume.clipped_frames, self.volume.gray_range
        if not clipped or gray_range is None or self.plan.provenance.source_format != "live":
            return None
        return SweepWarning(
            f"{clipped} frames hold levels beyond {gray_range[0]:g} to {gray_range[1]:g}, which the network and the "
            "viewer take as black or white",
            "the frames before the start were darker than those that followed",
            "let the probe touch the skin before the start, so that bright echoes are seen",
        )

    @property
    def left_out(self) -> Counter[str]:
        """Reason → frames that were not inserted."""
        # Copies: the stages go on counting in their threads.
        return Counter(dict(self.frames.left_out)) + Counter(dict(self.compounding.left_out))

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
            self.frames.begin()
            self.pipeline.run(interrupt=self.frames.stop, watch=partial(self._watch, progress, watch), asked=asked)
        if self.pipeline.failure is None and self.volume.inserted == 0:
            raise self._nothing_inserted()
        return self._outcome(monitor)

    def _watch(self, progress: Progress | None, watch: Callable[[], None]) -> None:
        watch()
        done = self.segmenting.inferred_live, self.segmenting.inferred_final, self.segmenting.finished_tiles
        finishing = self.compounding.touched.finished and self.segmenting.final_volume is None
        self._watchdog.look(done, finishing=finishing)
        if progress:
            if self.frames.total is not None:
                progress(self.frames.read, self.frames.total, "frames")
            progress(self.segmenting.finished_tiles, self.segmenting.tile_count, "final tiles")

    def _nothing_inserted(self) -> StreamError:
        why = self.left_out.most_common(1)
        return StreamError(
            "no frame reached the volume" + (f": {why[0][0]}, {why[0][1]} of {self.frames.read} frames" if why else ""),
            remedy=self.plan.remedy,
        )

    def _final_warnings(self) -> tuple[SweepWarning, ...]:
        found = self.lost_warnings()
        if (warning := self.limit_warning()) is not None:
            counts = f"{self.left_out[BEYOND]} frames wholly, {self.volume.cut_frames} in part"
            found.append(replace(warning, what=f"{warning.what}: {counts}"))
        if (warning := self.clip_warning()) is not None:
            found.append(warning)
        return tuple(found)

    def _outcome(self, monitor: Monitor) -> StreamOutcome:
        frames, segmenting, tracker, final = self.frames, self.segmenting, self.tracker, self.segmenting.final_volume
        volume, counts = final or self.volume.whole(), self._frame_counts()
        if (failure := self.pipeline.failure) is not None:
            return FailedSweep(volume, counts, failure)
        return FinishedSweep(
            volume=volume,
            mask=Volume(segmenting.mask().voxels, volume.grid),
            seen=self.volume.hit(),
            frames=counts,
            ended_early=frames.stopped,
            latency_whole_s=tracker.whole,
            latency_first_s=tracker.first,
            latency_displayed_s=tracker.displayed,
            tiles=TileCounts(
                in_volume=segmenting.tile_count,
                inferred_live=segmenting.inferred_live,
                inferred_final=segmenting.inferred_final,
            ),
            final_mask_s=segmenting.finished_at - frames.ended_at,
            streaming_s=frames.last_due - frames.first_due,
            stages=self._timer.statistics(),
            queues=[queue.statistics() for queue in self.queues],
            timeline=monitor.timeline(
                sweep_from=frames.first_due, sweep_to=frames.ended_at, final_mask_at=segmenting.finished_at
            ),
            warnings=self._final_warnings(),
            memory_limit_mb=self.memory_limit_mb,
        )

    def _frame_counts(self) -> FrameCounts:
        total = self.frames.total
        return FrameCounts(
            in_recording=NotMeasured(why="a live sweep ends when someone ends it") if total is None else total,
            read=self.frames.read,
            inserted=self.volume.inserted,
            dropped=sum(queue.dropped for queue in self.queues),
            left_out=dict(self.left_out.most_common()),
        )


def _held_bytes(
    plan: VolumePlan,
    lattice: TileLattice,
    package_spacing: tuple[float, float, float],
    order: AxisOrder,
    outlet_voxel_bytes: int,
    grid: Grid,
) -> int:
    """What the segmenter and the outlets hold at most with a volume on `grid`; see `RunningStream`."""
    outlets = math.prod(grid.shape) * outlet_voxel_bytes
    # While a volume grows, its labels are there twice.
    labels = math.prod(grid.shape) if plan.grows else 0
    # `segmenter_bytes` counts a byte for a voxel of the volume.
    network = NetworkGrid(order.grid(grid), package_spacing)
    voxels = math.prod(grid.shape) + lattice.tiles_in(network.shape) * math.prod(lattice.patch)
    wider = (plan.pixel_type.itemsize - 1) * voxels
    return segmenter_bytes(lattice, order.grid(grid), package_spacing) + labels + outlets + wider


def _level_step(plan: VolumePlan) -> float:
    """What a gray level of 8 bits is in the levels of the frames."""
    black, white = plan.gray_range or UINT8_RANGE
    return (white - black) / UINT8_RANGE[1]
