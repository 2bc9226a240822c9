"""The main numbers of a benchmark report, a row for each target."""

from __future__ import annotations

from apps.benchmark.report import BenchmarkReport, TargetReport
from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured
from edge_sdk.session import runtime_of

HEADINGS = {
    "target": "target",
    "status": "status",
    "precision": "precision",
    "p50_ms": "p50, ms",
    "p90_ms": "p90, ms",
    "p99_ms": "p99, ms",
    "volume_s": "volume to mask, s",
    "peak_mb": "memory above baseline, MB",
    "engine_error": "largest error against the reference",
    "dice": "mean Dice",
}
"""Field of `TargetSummary` → heading."""


class TargetSummary(ReportGroup):
    """The main numbers of a target.

    Attributes:
        target: Its name.
        status: "ok", "skipped" or "failed".
        precision: "int8" or "fp32".
        p50_ms, p90_ms, p99_ms: Latency of one patch, ms.
        volume_s: Median time from a volume to its mask, seconds.
        peak_mb: Peak memory of inference above the baseline, MB.
        engine_error: Largest |logit - reference|.
        dice: Mean Dice on labeled volumes.
    """

    target: str
    status: str
    precision: str
    p50_ms: float | NotMeasured
    p90_ms: float | NotMeasured
    p99_ms: float | NotMeasured
    volume_s: float | NotMeasured
    peak_mb: float | NotMeasured
    engine_error: float | NotMeasured
    dice: float | NotMeasured


def summary_rows(report: BenchmarkReport) -> list[TargetSummary]:
    """The main numbers of every target."""
    return [_row(item, report.identity.precision[runtime_of(item.target)]) for item in report.targets]


def _row(item: TargetReport, precision: str) -> TargetSummary:
    volume = if_measured(item.end_to_end, lambda group: group.volume_ms)
    return TargetSummary(
        target=item.target,
        status=item.status.state,
        precision=precision,
        p50_ms=if_measured(item.latency, lambda latency: latency.p50),
        p90_ms=if_measured(item.latency, lambda latency: latency.p90),
        p99_ms=if_measured(item.latency, lambda latency: latency.p99),
        volume_s=if_measured(volume, lambda statistics: statistics.p50 / 1000),
        peak_mb=if_measured(item.memory, lambda memory: memory.inference_peak_above_baseline_mb),
        engine_error=if_measured(item.engine_error, lambda error: error.max_error),
        dice=if_measured(item.accuracy, lambda accuracy: accuracy.mean_dice),
    )
