"""A benchmark report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from apps.benchmark.page import RAW
from apps.benchmark.report import BenchmarkReport, TargetReport
from apps.benchmark.summary import HEADINGS, summary_rows
from apps.report.group import ReportGroup
from apps.report.html import fields_of, shown, transposed
from apps.report.markdown import facts, markdown_table
from apps.report.measured import NotMeasured

_PRECISIONS = {
    "precision": "executed precision",
    "operators": "operators",
    "ms": "ms",
    "share_of_time": "share of the time",
}


def benchmark_markdown(report: BenchmarkReport) -> str:
    """A report as Markdown; raw samples and single operators are in the JSON."""
    parts = [
        f"# Benchmark of {report.identity.package_name}",
        f"Status: **{report.status.state}** ({report.status.why}).",
        markdown_table(*transposed([fields_of(row) for row in summary_rows(report)], HEADINGS, "target")),
    ]
    shared = {
        "Identity": report.identity,
        "Device": report.device,
        "Workload": report.workload,
        "Protocol": report.protocol,
    }
    for title, group in shared.items():
        parts += [f"## {title}", _group(title.lower(), group)]
    for item in report.targets:
        parts += _target(item)
    return "\n\n".join(parts) + "\n"


def _target(item: TargetReport) -> Iterator[str]:
    """The paragraphs of a target."""
    yield f"## {item.target}: {item.status.state}"
    yield f"{item.status.why}."
    for name, group in item.groups().items():
        yield f"### {name.replace('_', ' ').capitalize()}"
        yield _group(name, group)
    if not isinstance(item.operators, NotMeasured):
        yield markdown_table([fields_of(row) for row in item.operators.by_precision], _PRECISIONS)
    yield f"{shown(item.package_bytes)} bytes of the package."


def _group(name: str, group: ReportGroup | NotMeasured) -> str:
    if isinstance(group, NotMeasured):
        return f"{shown(group)}."
    hidden = RAW.get(name, ())
    return facts({key: value for key, value in fields_of(group).items() if key not in hidden})
