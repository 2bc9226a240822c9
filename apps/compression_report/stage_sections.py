"""What the stages of a compression reported, as sections of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.compression_report.form_tables import ABSENT
from quantization.stages import DISTILLATION, PRUNING, QUANTIZATION, SWAPS

TITLES = {
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
        rows: By key of `headings`; no cell is blank.
    """

    title: str
    headings: dict[str, str]
    rows: list[dict[str, Any]]

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
        summary: Heading to value.
    """

    title: str
    summary: dict[str, Any]
    tables: list[StageTable]
    notes: list[str]


def stage_sections(stages: Mapping[str, Mapping[str, Any]]) -> list[StageSection]:
    """Sections of the stages in run.json, in their order there."""
    return [
        StageSection(
            TITLES.get(key, key.capitalize()),
            {heading(name): _filled(value) for name, value in report["summary"].items()},
            [_table(title, rows) for title, rows in report["tables"].items() if rows],
            report["notes"],
        )
        for key, report in stages.items()
    ]


def heading(key: str) -> str:
    """A key as words, its unit behind a comma: "latency_ms" → "latency, ms"."""
    words = [NAMES.get(word, word) for word in key.split("_")]
    if len(words) > 1 and words[-1] in UNITS:
        return f"{' '.join(words[:-1])}, {words[-1]}"
    return " ".join(words)


def _table(title: str, rows: list[dict[str, Any]]) -> StageTable:
    headings = {key: heading(key) for key in rows[0]}
    return StageTable(title, headings, [{key: _filled(row.get(key)) for key in headings} for row in rows])


def _filled(value: Any) -> Any:
    return ABSENT if value is None or value in ("", [], {}) else value
