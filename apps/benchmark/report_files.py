"""The three files of a report, and how a report is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue, ValidationError

from apps.benchmark.markdown import benchmark_markdown
from apps.benchmark.page import benchmark_page
from apps.benchmark.report import KIND, SCHEMA, BenchmarkReport
from apps.report.html import is_measured
from apps.report.texts import write_texts
from edge_sdk.errors import FileFormatError


def write_report(report: BenchmarkReport, folder: Path) -> None:
    """Write report.json, report.html and report.md.

    Raises:
        EdgeSdkError: The folder cannot be written.
        ValueError: A field is blank.
    """
    write_files(
        folder,
        "report",
        json.dumps(report.as_json(), indent=1, allow_nan=False),
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


def blank_fields(value: JsonValue, path: str = "report") -> Iterator[str]:
    """Paths of the fields that are null without a reason, or empty.

    Args:
        value: A report as JSON has it, or a part of one.
        path: Path of `value`.
    """
    if value is None or (isinstance(value, str | list | dict) and not value):
        yield path
    elif isinstance(value, dict):
        names = value if is_measured(value) else ("why",)
        for name in names:
            yield from blank_fields(value[name], f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from blank_fields(inner, f"{path}[{number}]")


def read_report(path: Path) -> BenchmarkReport:
    """Read a report.json.

    Raises:
        FileFormatError: Not one, or of a newer schema.
    """
    remedy = "give the report.json that edge-sdk benchmark wrote"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise FileFormatError("there is no such file", where=path, remedy=remedy) from cause
    except (OSError, ValueError) as cause:
        raise FileFormatError(f"cannot be read as JSON ({cause})", where=path, remedy=remedy) from cause
    if not isinstance(values, dict) or values.get("kind") != KIND or not isinstance(values.get("schema"), int):
        raise FileFormatError("is not a benchmark report", where=path, remedy=remedy)
    if values["schema"] > SCHEMA:
        raise FileFormatError(
            f"has schema {values['schema']}, this version reads up to {SCHEMA}", where=path, remedy="update edge-sdk"
        )
    if missing := sorted({"identity", "device", "protocol", "workload", "targets"} - values.keys()):
        raise FileFormatError(f"lacks {missing[0]}", where=path, remedy=remedy)
    try:
        return BenchmarkReport.from_json(values)
    except ValidationError as cause:
        wrong = cause.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise FileFormatError(f"{place} is wrong ({wrong['msg']})", where=path, remedy=remedy) from cause
