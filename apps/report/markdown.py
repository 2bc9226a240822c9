"""Tables as Markdown, for every report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from apps.report.html import shown


def markdown_table(
    rows: Sequence[Mapping[str, object]], headings: Mapping[str, str], right: Collection[str] = ()
) -> str:
    """Rows under headings; to the right where every row has a number, and the columns whose keys are in `right`."""
    numeric = [key in right or all(isinstance(row[key], int | float) for row in rows) for key in headings]
    lines = [
        _line(headings.values()),
        "|" + "|".join("--:" if number else "---" for number in numeric) + "|",
        *(_line(row[key] for key in headings) for row in rows),
    ]
    return "\n".join(lines)


def facts(entries: Mapping[str, object]) -> str:
    """Names and values."""
    rows = [{"name": name.replace("_", " "), "value": value} for name, value in entries.items()]
    return markdown_table(rows, {"name": "field", "value": "value"})


def _line(values: Iterable[object]) -> str:
    return "| " + " | ".join(shown(value).replace("|", "\\|") for value in values) + " |"
