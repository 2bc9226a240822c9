"""A benchmark report as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.benchmark.page import HEADINGS, RAW, summary_rows, without
from apps.report.html import is_measured, shown, transposed
from apps.report.markdown import facts, markdown_table


def benchmark_markdown(report: Mapping[str, Any]) -> str:
    """A report as Markdown; raw samples and single operators are in the JSON."""
    parts = [
        f"# Benchmark of {report['identity']['package_name']}",
        f"Status: **{report['status']['state']}** ({report['status']['why']}).",
        markdown_table(*transposed(summary_rows(report), HEADINGS, "target")),
    ]
    for name in ("identity", "device", "workload", "protocol"):
        parts += [f"## {name.capitalize()}", _group(name, report[name])]
    for item in report["targets"]:
        parts += [f"## {item['target']}: {item['status']['state']}", f"{item['status']['why']}."]
        for name, entries in item.items():
            if name in ("target", "status"):
                continue
            if name == "package_bytes":
                parts.append(f"{shown(entries)} bytes of the package.")
                continue
            parts += [f"### {name.replace('_', ' ').capitalize()}", _group(name, entries)]
            if name == "operators" and is_measured(entries):
                columns = {"precision": "executed precision", "operators": "operators", "ms": "ms"}
                parts.append(markdown_table(entries["by_precision"], {**columns, "share_of_time": "share of the time"}))
    return "\n\n".join(parts) + "\n"


def _group(name: str, entries: Mapping[str, Any]) -> str:
    return facts(without(entries, RAW.get(name, ()))) if is_measured(entries) else f"{shown(entries)}."
