"""A whole volume into its mask, with the time apart in what comes before, in and after the network."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apps.benchmark.energy import EnergyMeter
from apps.report.html import is_measured, not_measured
from apps.report.statistics import summary_ms
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
class Split:
    """Seconds of one volume: before the network (resampling, cutting, normalizing), in it, and after it."""

    pre: float
    infer: float
    post: float
    tiles: int

    @property
    def total(self) -> float:
        """All three."""
        return self.pre + self.infer + self.post


def split_run(session: Session, manifest: Manifest, volume: Volume) -> Split:
    """Segment the volume once, as `edge_sdk.segment` does, and split the time."""
    timed = TimedSession(session)
    tiles_done: list[float] = []
    start = time.perf_counter()
    segment(timed, volume, manifest, progress=lambda *_: tiles_done.append(time.perf_counter()))
    end = time.perf_counter()
    begins, ends = (np.array(moments) for moments in zip(*timed.spans, strict=True))
    # A tile is prepared from the end of the one before it; what follows the last tile is post-processing.
    pre = float((begins - np.array([start, *tiles_done[:-1]])).sum())
    post = float((np.array(tiles_done) - ends).sum()) + end - tiles_done[-1]
    return Split(pre, float((ends - begins).sum()), post, len(timed.spans))


def measure_volume(session: Session, manifest: Manifest, volume: Volume, compounding_s: float | None) -> dict[str, Any]:
    """The groups "end_to_end" and, of it, "throughput".

    Args:
        compounding_s: Seconds in which the volume was made from its sweep; None where it was read from a file.
    """
    split_run(session, manifest, volume)  # compiles what numba has not compiled yet
    energy = EnergyMeter()
    begin = time.perf_counter()
    runs = [split_run(session, manifest, volume) for _ in range(RUNS)]
    seconds = time.perf_counter() - begin
    energy.advance()
    used = energy.report(RUNS, seconds)
    totals = [run.total for run in runs]
    median = float(np.median(totals))
    parts = {part: float(np.median([getattr(run, part) for run in runs])) for part in ("pre", "infer", "post")}
    no_sweep = not_measured("the volume was read from a file, not made from a sweep")
    voxels = int(np.prod(volume.grid.shape))
    return {
        "volume_ms": summary_ms(totals),
        "pre_ms": 1000 * parts["pre"],
        "infer_ms": 1000 * parts["infer"],
        "post_ms": 1000 * parts["post"],
        "tiles": runs[0].tiles,
        "sweep_to_mask_ms": no_sweep if compounding_s is None else 1000 * (compounding_s + median),
        "frames_dropped": not_measured("a benchmark drops no frames; edge-sdk stream reports those of a live sweep"),
        "volumes_per_second": 1 / median,
        "voxels_per_second": voxels / median,
        "joules_per_volume": used["joules_per_inference"] if is_measured(used) else used,
    }
