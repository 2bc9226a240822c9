"""Latencies of a stream's frames, as its report gives them."""

from __future__ import annotations

from collections.abc import Sequence

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from apps.report.statistics import summary_ms
from apps.stream.work.outcome import FinishedSweep


class LatencyStatistics(ReportPart):
    """Seconds of many frames as statistics, in milliseconds."""

    n: int
    """Frames."""
    p50: float
    p90: float
    p95: float
    p99: float | NotMeasured
    mean: float
    std: float
    min: float
    max: float
    samples: list[float]
    """One per frame, in the order in which the mask came to contain them."""


class LatencyReport(ReportPart):
    """From a frame's time stamp to the mask that contains the frame, milliseconds."""

    whole_frame_in_mask: LatencyStatistics
    """Every voxel that the frame reached has a label computed with the frame in it."""
    first_part_in_mask: LatencyStatistics
    """The first tile with voxels of the frame has labels computed with the frame in it."""
    displayed: LatencyStatistics | NotMeasured
    """A viewer has drawn a mask that contains the whole frame."""


def latency_report(outcome: FinishedSweep) -> LatencyReport:
    """Summarize the latencies of a sweep."""
    displayed = outcome.latency_displayed_s
    return LatencyReport(
        whole_frame_in_mask=_statistics(outcome.latency_whole_s),
        first_part_in_mask=_statistics(outcome.latency_first_s),
        displayed=_statistics(displayed) if displayed else NotMeasured(why="no viewer was open"),
    )


def _statistics(seconds: Sequence[float]) -> LatencyStatistics:
    return LatencyStatistics.model_validate(summary_ms(seconds))
