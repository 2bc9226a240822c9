"""A comparison as a page and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import edge_sdk
from apps.report.html import is_measured, render, transposed
from apps.report.markdown import facts, markdown_table
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


def comparison_page(found: Mapping[str, Any]) -> str:
    """The HTML of a comparison."""
    measured = {row["target"]: row for row in found["targets"] if is_measured(row["speedup"])}
    plot = bar_svg(
        {name: row["speedup"] for name, row in measured.items()},
        errors={name: tuple(row["speedup_ci95"]) for name, row in measured.items()},
        x_label="speed-up",
    )
    rows, headings = transposed(found["targets"], HEADINGS, "target")
    return render(
        "benchmark/compare.html",
        title="Comparison of two benchmarks",
        subtitle=f"A: {_title(found['a'])}; B: {_title(found['b'])}",
        sdk_version=edge_sdk.__version__,
        written_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        found=found,
        rows=rows,
        headings=headings,
        plot=plot if measured else None,
    )


def comparison_markdown(found: Mapping[str, Any]) -> str:
    """The Markdown of a comparison."""
    parts = [
        "# Comparison of two benchmarks",
        "Speed-up is A's median divided by B's: above 1, B is faster.",
        markdown_table(*transposed(found["targets"], HEADINGS, "target")),
        "## Warnings",
        "\n".join(f"- {line}" for line in found["warnings"]),
    ]
    for letter in ("a", "b"):
        parts += [f"## {letter.upper()}", facts(found[letter])]
    return "\n\n".join(parts) + "\n"


def _title(head: Mapping[str, Any]) -> str:
    return f"{head['package_name']} at {head['written_utc']}"
