"""edge-sdk compare: two benchmark reports side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from apps.console import say
from apps.tables import show_rows


def command(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="report.json of a benchmark.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="report.json to hold against it.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for compare.json, compare.html and compare.md."),
    ],
) -> None:
    """Compare two benchmark reports: ratios per target, and every difference that makes them unlike."""
    from apps.benchmark.comparison import compare_reports
    from apps.benchmark.comparison_page import comparison_markdown, comparison_page
    from apps.benchmark.report_files import read_report, write_files
    from apps.report.measured import NotMeasured

    comparison = compare_reports(read_report(first), read_report(second))
    as_json = json.dumps(comparison.as_json(), indent=1, allow_nan=False)
    write_files(output, "compare", as_json, comparison_page(comparison), comparison_markdown(comparison))
    rows = [
        {
            "target": row.target,
            "median_ms_a": None if isinstance(row.median_ms_a, NotMeasured) else row.median_ms_a,
            "median_ms_b": None if isinstance(row.median_ms_b, NotMeasured) else row.median_ms_b,
            "speedup": None if isinstance(row.speedup, NotMeasured) else row.speedup,
            "speedup_ci95": None if isinstance(row.speedup_ci95, NotMeasured) else row.speedup_ci95,
        }
        for row in comparison.targets
    ]
    show_rows(str(output), rows)
    for line in comparison.warnings:
        say(f"warning: {line}" if not line.startswith("none") else line)
