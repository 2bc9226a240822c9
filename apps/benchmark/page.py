"""A benchmark report as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from apps.report.html import is_measured, not_measured, render, transposed
from apps.report.plots import bar_svg, histogram_svg, line_svg
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
RAW = {"latency": ("samples", "warmup_ms"), "operators": ("executed", "slowest", "by_precision")}
"""What stays in the JSON or has a table of its own."""


def summary_rows(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row of main numbers per target, by the keys of `HEADINGS`."""
    return [
        {
            "target": item["target"],
            "status": item["status"]["state"],
            "precision": report["identity"]["precision"][runtime_of(item["target"])],
            "p50_ms": _inside(item, "latency", "p50"),
            "p90_ms": _inside(item, "latency", "p90"),
            "p99_ms": _inside(item, "latency", "p99"),
            "volume_s": _seconds(_inside(item, "end_to_end", "volume_ms", "p50")),
            "peak_mb": _inside(item, "memory", "inference_peak_above_baseline_mb"),
            "engine_error": _inside(item, "engine_error", "max_error"),
            "dice": _inside(item, "accuracy", "dice", "mean"),
        }
        for item in report["targets"]
    ]


def benchmark_page(report: Mapping[str, Any]) -> str:
    """The HTML of a report."""
    rows, headings = transposed(summary_rows(report), HEADINGS, "target")
    return render(
        "benchmark/report.html",
        title=f"Benchmark of {report['identity']['package_name']}",
        subtitle=f"{report['device']['cpu']}, {report['identity']['written_utc']}"
        if is_measured(report["device"]["cpu"])
        else report["identity"]["written_utc"],
        sdk_version=report["identity"]["sdk_version"],
        written_utc=report["identity"]["written_utc"],
        report=report,
        headings=headings,
        summary=rows,
        raw=RAW,
        latency_plot=_latency_plot(report),
        split_plot=_split_plot(report),
        target_plots={item["target"]: _target_plots(item) for item in report["targets"]},
    )


def without(group: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The group's fields but these."""
    return {name: value for name, value in group.items() if name not in names}


def _latency_plot(report: Mapping[str, Any]) -> Markup | None:
    """Medians of the targets that have one, with the span from the fastest sample to p90."""
    latencies = {item["target"]: item["latency"] for item in report["targets"] if is_measured(item["latency"])}
    if not latencies:
        return None
    return bar_svg(
        {name: latency["p50"] for name, latency in latencies.items()},
        errors={name: (latency["min"], latency["p90"]) for name, latency in latencies.items()},
        x_label="latency of one patch, ms",
    )


def _split_plot(report: Mapping[str, Any]) -> Markup | None:
    parts = {
        f"{item['target']}: {part}": item["end_to_end"][f"{part}_ms"]
        for item in report["targets"]
        if is_measured(item["end_to_end"])
        for part in ("pre", "infer", "post")
    }
    return bar_svg(parts, x_label="time of one volume, ms") if parts else None


def _target_plots(item: Mapping[str, Any]) -> list[tuple[Markup, str]]:
    plots: list[tuple[Markup, str]] = []
    latency, operators = item["latency"], item["operators"]
    if is_measured(latency):
        samples = latency["samples"]
        marks = {name: latency[name] for name in ("p50", "p90", "p99") if is_measured(latency[name])}
        plots.append((histogram_svg(samples, x_label="latency, ms", marks=marks), "Every inference that counts."))
        series = {"latency": (list(range(1, len(samples) + 1)), samples)}
        plots.append(
            (line_svg(series, x_label="inference", y_label="ms"), "The same in order of time: a slope means heat.")
        )
    if is_measured(operators) and is_measured(operators["profiled_ms"]):
        shares = {row["precision"]: 100 * row["share_of_time"] for row in operators["by_precision"]}
        plots.append((bar_svg(shares, x_label="share of the time, %"), "Executed precision, from the runtime itself."))
    return plots


def _inside(item: Mapping[str, Any], *names: str) -> Any:
    """The field of this path, or the reason why it or a group around it is absent."""
    value: Any = item
    for name in names:
        value = value[name]
        if not is_measured(value):
            return not_measured(value["why"])
    return value


def _seconds(milliseconds: Any) -> Any:
    return milliseconds / 1000 if is_measured(milliseconds) else milliseconds
