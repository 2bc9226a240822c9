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
    from apps.benchmark.report import read_report, write_files
    from apps.report.html import is_measured

    found = compare_reports(read_report(first), read_report(second))
    as_json = json.dumps(found, indent=1, allow_nan=False)
    write_files(output, "compare", as_json, comparison_page(found), comparison_markdown(found))
    columns = ("target", "median_ms_a", "median_ms_b", "speedup", "speedup_ci95")
    rows = [{name: row[name] if is_measured(row[name]) else None for name in columns} for row in found["targets"]]
    show_rows(str(output), rows)
    for line in found["warnings"]:
        say(f"warning: {line}" if not line.startswith("none") else line)
