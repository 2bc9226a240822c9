"""The report of a compression as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from apps.compression_report.content import Content
from apps.compression_report.form_tables import AGAINST_PUBLISHED, FORM
from apps.compression_report.stage_sections import SHORT, StageSection, StageTable
from apps.report.markdown import facts, markdown_table


def compression_markdown(content: Content, figure: str) -> str:
    """The report; tables beyond a dozen rows are cut, run.json and the page have all of them.

    Args:
        figure: Name of the picture beside the file.
    """
    headings = {name: name for name in content.rows[0]}
    parts = [
        f"# {content.title}",
        f"{content.subtitle}.",
        *(f"**{gate.run}: gate {gate.verdict}**: {gate.reason}." for gate in content.verdicts),
        markdown_table(content.rows, headings, right=headings.keys() - {FORM}),
        *content.notes,
    ]
    if content.figure is not None:
        parts.append(f"![Accuracy against latency]({figure})")
    if content.comparison:
        parts += ["## Against the published form", markdown_table(content.comparison, AGAINST_PUBLISHED)]
    for section in content.stages:
        parts += _section(section)
    parts += [f"![{path.stem}]({path.name})" for path in content.curves]
    for title, entries in content.facts.items():
        parts += [f"## {title}", facts(entries)]
    return "\n\n".join(parts) + "\n"


def _section(section: StageSection) -> Iterator[str]:
    yield f"## {section.title}"
    if section.summary:
        yield facts(section.summary)
    for table in section.tables:
        yield from _table(table)
    yield from section.notes


def _table(table: StageTable) -> Iterator[str]:
    yield f"### {table.title}"
    yield markdown_table(table.rows[:SHORT], table.headings, right=table.numbers)
    if table.is_long:
        yield f"{len(table.rows) - SHORT} more rows are in the page and in run.json."
