"""The three files of a report, and how a report is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apps.benchmark.job import KIND, SCHEMA
from apps.benchmark.markdown import benchmark_markdown
from apps.benchmark.page import benchmark_page
from apps.report.html import is_measured
from apps.report.texts import write_texts
from edge_sdk.errors import FileFormatError


def write_report(report: Mapping[str, Any], folder: Path) -> None:
    """Write report.json, report.html and report.md.

    Raises:
        EdgeSdkError: The folder cannot be written.
        ValueError: A field is blank.
    """
    write_files(
        folder,
        "report",
        json.dumps(report, indent=1, allow_nan=False),
        benchmark_page(report),
        benchmark_markdown(report),
    )


def write_files(folder: Path, name: str, as_json: str, page: str, markdown: str) -> None:
    """Write NAME.json, NAME.html and NAME.md into a folder.

    Raises:
        EdgeSdkError: The folder cannot be written.
        ValueError: A field of the JSON is blank.
    """
    if blank := next(blank_fields(json.loads(as_json)), None):
        raise ValueError(f"{blank} is blank: a report gives a value, or null and why")
    write_texts(folder / name, {".json": as_json, ".html": page, ".md": markdown})


def blank_fields(value: Any, path: str = "report") -> Iterator[str]:
    """Paths of the fields that are null without a reason, or empty."""
    if value is None or (isinstance(value, str | list | dict) and not value):
        yield path
    elif not is_measured(value):
        if not value["why"]:
            yield f"{path}.why"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from blank_fields(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from blank_fields(inner, f"{path}[{number}]")


def read_report(path: Path) -> dict[str, Any]:
    """Read a report.json.

    Raises:
        FileFormatError: Not one, or of a newer schema.
    """
    remedy = "give the report.json that edge-sdk benchmark wrote"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise FileFormatError("there is no such file", where=path, remedy=remedy) from cause
    except (OSError, ValueError) as cause:
        raise FileFormatError(f"cannot be read as JSON ({cause})", where=path, remedy=remedy) from cause
    if not isinstance(report, dict) or report.get("kind") != KIND or not isinstance(report.get("schema"), int):
        raise FileFormatError("is not a benchmark report", where=path, remedy=remedy)
    if report["schema"] > SCHEMA:
        raise FileFormatError(
            f"has schema {report['schema']}, this version reads up to {SCHEMA}", where=path, remedy="update edge-sdk"
        )
    missing = {"identity", "device", "protocol", "workload", "targets"} - report.keys()
    if missing:
        raise FileFormatError(f"lacks {sorted(missing)[0]}", where=path, remedy=remedy)
    return report
