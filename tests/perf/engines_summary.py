"""Every run of the engines side by side: the two tables that the README quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.report.html import is_measured
from apps.report.markdown import markdown_table
from tests.perf.engines_table import shown_rows

LABELS = {"network": "network", "engine": "engine", "precision": "precision"}
BOUNDS = {"must": "must", "aim": "aim"}


def summary(runs: list[Mapping[str, Any]]) -> list[str]:
    """Comparisons, then medians in ms; a column for each patch size and number of threads.

    A number in bold reaches its bound ("must").
    """
    columns = {f"run{number}": _named(run["settings"]) for number, run in enumerate(runs)}
    compared: dict[str, dict[str, Any]] = {}
    medians: dict[tuple[str, ...], dict[str, Any]] = {}
    for column, run in zip(columns, runs, strict=True):
        for row in run["comparisons"]:
            kept = compared.setdefault(row["comparison"], {key: row[key] for key in ("comparison", *BOUNDS)})
            kept[column] = _times(row)
        for row in shown_rows(run["forms"]):
            label = {key: row[key] for key in LABELS}
            kept = medians.setdefault(tuple(label.values()), label)
            kept[column] = _three_digits(row["median_ms"]) if is_measured(row["median_ms"]) else "–"
    return [
        markdown_table(list(compared.values()), {"comparison": "comparison, times"} | columns | BOUNDS, columns),
        markdown_table(list(medians.values()), LABELS | {key: f"{name}, ms" for key, name in columns.items()}, columns),
    ]


def _named(settings: Mapping[str, Any]) -> str:
    threads = settings["threads"]
    return f"{settings['patch']}³, {threads} thread{'s' if threads > 1 else ''}"


def _times(row: Mapping[str, Any]) -> str:
    if row["times"] is None:
        return "–"
    text = f"{row['times']:.2f}"
    return text if row["verdict"] == "falls short" else f"**{text}**"


def _three_digits(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}"
