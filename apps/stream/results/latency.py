"""Latencies of a stream's frames, as its report gives them."""

from __future__ import annotations

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from apps.report.statistics import Statistics, statistics_ms
from apps.stream.work.outcome import FinishedSweep


class LatencyReport(ReportPart):
    """From a frame's time stamp to the mask that contains the frame, milliseconds."""

    whole_frame_in_mask: Statistics
    """Every voxel that the frame reached has a label computed with the frame in it."""
    first_part_in_mask: Statistics
    """The first tile with voxels of the frame has labels computed with the frame in it."""
    displayed: Statistics | NotMeasured
    """A viewer has drawn a mask that contains the whole frame."""


def latency_report(outcome: FinishedSweep) -> LatencyReport:
    """Summarize the latencies of a sweep."""
    displayed = outcome.latency_displayed_s
    return LatencyReport(
        whole_frame_in_mask=statistics_ms(outcome.latency_whole_s),
        first_part_in_mask=statistics_ms(outcome.latency_first_s),
        displayed=statistics_ms(displayed) if displayed else NotMeasured(why="no viewer was open"),
    )
