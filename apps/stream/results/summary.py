"""The main numbers of a stream, as summary.json holds them."""

from __future__ import annotations

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from apps.stream.results.label_comparison import LabelComparison
from apps.stream.results.report import StreamReport
from edge_sdk.sweep.warning import SweepWarning


class StreamSummary(ReportPart):
    """The main numbers of a stream."""

    frames_inserted: int
    frames_dropped: int
    latency_ms_p50: float
    """From a frame's time stamp until the mask contains the whole frame, median."""
    latency_ms_p95: float
    final_mask_s: float
    """Seconds from the last frame's time stamp to the final mask."""
    peak_rss_mb: float
    """Most resident memory of the process, MB (10⁶ bytes)."""
    class_ml: dict[str, float]
    """Class name → volume, ml."""
    frames_left_out: dict[str, int]
    """Reason → frames that were not inserted for it."""
    warnings: list[SweepWarning]
    """What is probably wrong with the sweep."""


class ComparedSummary(StreamSummary):
    """The main numbers of a stream whose labels are known."""

    mean_dice: float | NotMeasured
    dice: dict[str, float | NotMeasured]
    """Class name → Dice coefficient."""


def stream_summary(report: StreamReport) -> StreamSummary:
    """Take the main numbers from a report; with Dice coefficients where labels are known."""
    latency, frames = report.latency_ms.whole_frame_in_mask, report.frames
    summary = StreamSummary(
        frames_inserted=frames.inserted,
        frames_dropped=frames.dropped,
        latency_ms_p50=latency.p50,
        latency_ms_p95=latency.p95,
        final_mask_s=report.final_mask_s,
        peak_rss_mb=report.memory.peak_rss_mb,
        class_ml=report.class_ml,
        frames_left_out=frames.left_out,
        warnings=report.warnings,
    )
    if isinstance(report.accuracy, LabelComparison):
        return ComparedSummary(**dict(summary), mean_dice=report.accuracy.mean_dice, dice=report.accuracy.dice)
    return summary
