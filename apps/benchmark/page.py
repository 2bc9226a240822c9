"""A benchmark report as a page."""

from __future__ import annotations

from markupsafe import Markup

from apps.benchmark.report import BenchmarkReport, TargetReport
from apps.benchmark.summary import HEADINGS, summary_rows
from apps.report.html import fields_of, render, transposed
from apps.report.measured import NotMeasured
from apps.report.plots import bar_svg, histogram_svg, line_svg

RAW = {"latency": ("samples", "warmup_ms"), "operators": ("executed", "slowest", "by_precision")}
"""Fields of groups that stay in the JSON or have a table of their own."""


def benchmark_page(report: BenchmarkReport) -> str:
    """The HTML of a report."""
    rows, headings = transposed([fields_of(row) for row in summary_rows(report)], HEADINGS, "target")
    cpu, identity = report.device.cpu, report.identity
    return render(
        "benchmark/report.html",
        title=f"Benchmark of {identity.package_name}",
        subtitle=identity.written_utc if isinstance(cpu, NotMeasured) else f"{cpu}, {identity.written_utc}",
        sdk_version=identity.sdk_version,
        written_utc=identity.written_utc,
        report=report,
        headings=headings,
        summary=rows,
        raw=RAW,
        latency_plot=_latency_plot(report),
        split_plot=_split_plot(report),
        target_plots={item.target: _target_plots(item) for item in report.targets},
    )


def _latency_plot(report: BenchmarkReport) -> Markup | None:
    """Medians of the targets that have one, with the span from the fastest sample to p90."""
    latencies = {item.target: item.latency for item in report.targets if not isinstance(item.latency, NotMeasured)}
    if not latencies:
        return None
    return bar_svg(
        {name: latency.p50 for name, latency in latencies.items()},
        errors={name: (latency.min, latency.p90) for name, latency in latencies.items()},
        x_label="latency of one patch, ms",
    )


def _split_plot(report: BenchmarkReport) -> Markup | None:
    """Times of a whole volume before, in and after the network."""
    parts: dict[str, float] = {}
    for item in report.targets:
        if not isinstance(item.end_to_end, NotMeasured):
            parts[f"{item.target}: pre"] = item.end_to_end.pre_ms
            parts[f"{item.target}: infer"] = item.end_to_end.infer_ms
            parts[f"{item.target}: post"] = item.end_to_end.post_ms
    return bar_svg(parts, x_label="time of one volume, ms") if parts else None


def _target_plots(item: TargetReport) -> list[tuple[Markup, str]]:
    """Plots of a target, each with its caption."""
    plots: list[tuple[Markup, str]] = []
    latency, operators = item.latency, item.operators
    if not isinstance(latency, NotMeasured):
        samples = latency.samples
        marks = {"p50": latency.p50, "p90": latency.p90}
        if not isinstance(latency.p99, NotMeasured):
            marks["p99"] = latency.p99
        plots.append((histogram_svg(samples, x_label="latency, ms", marks=marks), "Every inference that counts."))
        series = {"latency": (list(range(1, len(samples) + 1)), samples)}
        plots.append(
            (line_svg(series, x_label="inference", y_label="ms"), "The same in order of time: a slope means heat.")
        )
    if not isinstance(operators, NotMeasured):
        shares = {
            row.precision: 100 * row.share_of_time
            for row in operators.by_precision
            if not isinstance(row.share_of_time, NotMeasured)
        }
        if shares:
            plots.append(
                (bar_svg(shares, x_label="share of the time, %"), "Executed precision, from the runtime itself.")
            )
    return plots
