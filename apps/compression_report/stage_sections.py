"""What the stages of a compression reported, as sections of a page."""

from __future__ import annotations

from dataclasses import dataclass

from apps.compression_report.form_tables import ABSENT
from quantization.records.part import Cell
from quantization.records.run_record import StageReports
from quantization.records.stage import DISTILLATION, PRUNING, QUANTIZATION, SWAPS, StageKey

TITLES: dict[StageKey, str] = {
    DISTILLATION: "Distillation",
    SWAPS: "Swap study",
    PRUNING: "Pruning",
    QUANTIZATION: "Quantization",
}
SHORT = 12
"""Rows of a table that is shown open; tables are sorted by what matters most where they are longer."""
UNITS = ("ms", "mm", "s")
NAMES = {"dice": "Dice", "isa": "ISA", "int8": "INT8", "hd95": "HD95", "macs": "multiplications"}


@dataclass(frozen=True)
class StageTable:
    """A table of a stage.

    Attributes:
        title: Title.
        headings: Key of a column to its heading.
        rows: By key of `headings`; no cell is blank.
    """

    title: str
    headings: dict[str, str]
    rows: list[dict[str, Cell]]

    @property
    def numbers(self) -> list[str]:
        """Keys of the columns that hold nothing but numbers and dashes."""
        columns = {key: [row[key] for row in self.rows] for key in self.headings}
        return [
            key
            for key, values in columns.items()
            if all(value == ABSENT or isinstance(value, int | float) for value in values)
        ]

    @property
    def is_long(self) -> bool:
        """Whether the page folds it."""
        return len(self.rows) > SHORT


@dataclass(frozen=True)
class StageSection:
    """A stage.

    Attributes:
        title: Name of the stage.
        summary: Heading to value; no value is blank.
        tables: Tables with at least one row.
        notes: Sentences.
    """

    title: str
    summary: dict[str, Cell]
    tables: list[StageTable]
    notes: list[str]


def stage_sections(stages: StageReports) -> list[StageSection]:
    """Sections of the finished stages, in the order in which they work."""
    return [
        StageSection(
            TITLES[key],
            {heading(name): _filled(value) for name, value in report.summary.cells().items()},
            [_table(title, rows) for title, rows in report.tables.titled().items() if rows],
            report.notes,
        )
        for key, report in stages.by_key().items()
    ]


def heading(key: str) -> str:
    """A key as text, its unit behind a comma: "latency_ms" → "latency, ms"."""
    parts = [NAMES.get(part, part) for part in key.split("_")]
    if len(parts) > 1 and parts[-1] in UNITS:
        return f"{' '.join(parts[:-1])}, {parts[-1]}"
    return " ".join(parts)


def _table(title: str, rows: list[dict[str, Cell]]) -> StageTable:
    headings = {key: heading(key) for key in rows[0]}
    return StageTable(title, headings, [{key: _filled(row.get(key)) for key in headings} for row in rows])


def _filled(value: Cell) -> Cell:
    return ABSENT if value is None or value in ("", []) else value
