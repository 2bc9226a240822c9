"""A whole volume into its mask, with the time apart in what comes before, in and after the network."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from apps.benchmark.energy import EnergyMeter
from apps.benchmark.target_groups import EndToEndGroup
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured
from apps.report.statistics import statistics_ms
from edge_sdk.closing import Closing
from edge_sdk.inference.segment import segment
from edge_sdk.packages.manifest import Manifest
from edge_sdk.session import Patch, Session, SessionDescription
from edge_sdk.volume.grid import Volume

RUNS = 3


@dataclass
class TimedSession(Closing):
    """A session that notes when each inference began and ended; see `edge_sdk.session.Session`."""

    inner: Session
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def target(self) -> str:
        """Name of the target."""
        return self.inner.target

    @property
    def description(self) -> SessionDescription:
        """The inner session's description."""
        return self.inner.description

    def infer(self, patch: Patch) -> Patch:
        """Logits of a patch."""
        begin = time.perf_counter()
        logits = self.inner.infer(patch)
        self.spans.append((begin, time.perf_counter()))
        return logits

    def close(self) -> None:
        """The inner session stays open: it is its owner's."""


@dataclass(frozen=True)
class VolumeTiming:
    """Times of one volume.

    Attributes:
        pre_s: Before the network (resampling, cutting, normalizing), seconds.
        infer_s: In the network, seconds.
        post_s: After the network, seconds.
        tiles: Patches of the volume.
    """

    pre_s: float
    infer_s: float
    post_s: float
    tiles: int

    @property
    def total_s(self) -> float:
        """All three, seconds."""
        return self.pre_s + self.infer_s + self.post_s


@dataclass(frozen=True)
class VolumeRun:
    """Whole volumes on one target.

    Attributes:
        group: The group "end_to_end" of the report.
        volumes_per_second, voxels_per_second: For its group "throughput".
    """

    group: EndToEndGroup
    volumes_per_second: float
    voxels_per_second: float


def time_volume(session: Session, manifest: Manifest, volume: Volume) -> VolumeTiming:
    """Segment the volume once, as `edge_sdk.segment` does, and time its parts."""
    timed = TimedSession(session)
    tiles_done: list[float] = []
    start = time.perf_counter()
    segment(timed, volume, manifest, progress=lambda *_: tiles_done.append(time.perf_counter()))
    end = time.perf_counter()
    begins, ends = (np.array(moments) for moments in zip(*timed.spans, strict=True))
    # A tile is prepared from the end of the one before it; what follows the last tile is post-processing.
    pre = float((begins - np.array([start, *tiles_done[:-1]])).sum())
    post = float((np.array(tiles_done) - ends).sum()) + end - tiles_done[-1]
    return VolumeTiming(pre, float((ends - begins).sum()), post, len(timed.spans))


def measure_volume(session: Session, manifest: Manifest, volume: Volume, compounding_s: float | None) -> VolumeRun:
    """Segment the volume `RUNS` times.

    Args:
        session: Open session that runs the network.
        manifest: Manifest of the session's package.
        volume: The workload.
        compounding_s: Seconds in which the volume was made from its sweep; None where it was read from a file.
    """
    time_volume(session, manifest, volume)  # compiles what numba has not compiled yet
    energy = EnergyMeter()
    begin = time.perf_counter()
    runs = [time_volume(session, manifest, volume) for _ in range(RUNS)]
    seconds = time.perf_counter() - begin
    energy.advance()
    totals = [run.total_s for run in runs]
    median = float(np.median(totals))
    no_sweep = NotMeasured(why="the volume was read from a file, not made from a sweep")
    voxels = int(np.prod(volume.grid.shape))
    group = EndToEndGroup(
        volume_ms=statistics_ms(totals),
        pre_ms=1000 * float(np.median([run.pre_s for run in runs])),
        infer_ms=1000 * float(np.median([run.infer_s for run in runs])),
        post_ms=1000 * float(np.median([run.post_s for run in runs])),
        tiles=runs[0].tiles,
        sweep_to_mask_ms=no_sweep if compounding_s is None else 1000 * (compounding_s + median),
        frames_dropped=NotMeasured(why="a benchmark drops no frames; edge-sdk stream reports those of a live sweep"),
        joules_per_volume=if_measured(energy.report(RUNS, seconds), lambda used: used.joules_per_inference),
    )
    return VolumeRun(group, 1 / median, voxels / median)
