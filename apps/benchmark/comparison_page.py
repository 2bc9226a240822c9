"""A comparison as a page and as Markdown."""

from __future__ import annotations

from datetime import UTC, datetime

import edge_sdk
from apps.benchmark.comparison_groups import Comparison, ReportHead
from apps.report.html import fields_of, render, transposed
from apps.report.markdown import facts, markdown_table
from apps.report.measured import NotMeasured
from apps.report.plots import bar_svg

HEADINGS = {
    "target": "target",
    "median_ms_a": "median A, ms",
    "median_ms_b": "median B, ms",
    "speedup": "speed-up",
    "speedup_ci95": "95 % interval",
    "volume_speedup": "speed-up, whole volume",
    "memory_ratio": "memory, B/A",
    "bytes_ratio": "bytes, B/A",
    "dice_difference": "Dice, B - A",
    "status_a": "status A",
    "status_b": "status B",
}


def comparison_page(comparison: Comparison) -> str:
    """The HTML of a comparison."""
    speedups: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for row in comparison.targets:
        if not isinstance(row.speedup, NotMeasured):
            speedups[row.target] = row.speedup
        if not isinstance(row.speedup_ci95, NotMeasured):
            low, high = row.speedup_ci95
            intervals[row.target] = low, high
    rows, headings = _table(comparison)
    return render(
        "benchmark/compare.html",
        title="Comparison of two benchmarks",
        subtitle=f"A: {_title(comparison.a)}; B: {_title(comparison.b)}",
        sdk_version=edge_sdk.__version__,
        written_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        comparison=comparison,
        rows=rows,
        headings=headings,
        plot=bar_svg(speedups, errors=intervals, x_label="speed-up") if speedups else None,
    )


def comparison_markdown(comparison: Comparison) -> str:
    """The Markdown of a comparison."""
    parts = [
        "# Comparison of two benchmarks",
        "Speed-up is A's median divided by B's: above 1, B is faster.",
        markdown_table(*_table(comparison)),
        "## Warnings",
        "\n".join(f"- {line}" for line in comparison.warnings),
        *("## A", facts(fields_of(comparison.a))),
        *("## B", facts(fields_of(comparison.b))),
    ]
    return "\n\n".join(parts) + "\n"


def _table(comparison: Comparison) -> tuple[list[dict[str, object]], dict[str, str]]:
    """Rows and headings: a column for each target."""
    return transposed([fields_of(row) for row in comparison.targets], HEADINGS, "target")


def _title(head: ReportHead) -> str:
    return f"{head.package_name} at {head.written_utc}"
