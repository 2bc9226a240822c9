"""The tables of forms: their numbers, and how each stands against the published form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apps.compression_report.evaluated_forms import EvaluatedForm
from apps.tables import show_rows
from edge_sdk.metrics import Interval, no_interval
from quantization.records.comparison import FormComparison, QualityLevel

ABSENT = "–"
FORM = "form"
LEVELS = {"0.99": "99 % kept", "0.999": "99.9 % kept"}
"""MLPerf's, by their names in the gate's numbers."""
IN_BRIEF = (FORM, "mean Dice", "HD95, mm", "GMAC", "ms", "times faster")
"""Headings of the table in a terminal."""
AGAINST_PUBLISHED = {
    FORM: FORM,
    "dice": "Dice, difference",
    "ratio": "share of the Dice, %",
    "hd95": "HD95, mm more",
    **LEVELS,
}


@dataclass(frozen=True)
class Column:
    """A number of every form.

    Attributes:
        digits: Decimal places.
    """

    heading: str
    digits: int
    value: Callable[[EvaluatedForm], float | None]


def form_columns(forms: Sequence[EvaluatedForm]) -> list[Column]:
    """The columns of the table; classes that no case has are among them."""
    classes = [
        Column(f"Dice, {name}", 4, lambda form, name=name: form.accuracy.dice[name])  # type: ignore[misc]
        for name in forms[0].accuracy.dice
    ]
    return [
        Column("mean Dice", 4, lambda form: form.accuracy.mean),
        *classes,
        Column("HD95, mm", 2, lambda form: form.accuracy.hd95_mean_mm),
        Column("million parameters", 2, lambda form: form.parameters / 1e6),
        Column("GMAC", 2, lambda form: form.macs / 1e9),
        Column("times fewer", 2, lambda form: form.macs_ratio),
        Column("MB", 1, lambda form: None if form.artifact_bytes is None else form.artifact_bytes / 1e6),
        Column("ms", 1, lambda form: form.median_ms),
        Column("times faster", 2, lambda form: form.speedup),
    ]


def form_rows(forms: Sequence[EvaluatedForm]) -> list[dict[str, str]]:
    """A row per form by heading, as text; what is not known is a dash."""
    columns = form_columns(forms)
    return [
        {FORM: form.label, **{column.heading: _number(column.value(form), column.digits) for column in columns}}
        for form in forms
    ]


def show_brief(title: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Print the main columns of `form_rows`."""
    show_rows(title, [{heading: row[heading] for heading in IN_BRIEF} for row in rows], right=IN_BRIEF[1:])


def comparison_rows(forms: Sequence[EvaluatedForm]) -> list[dict[str, str]]:
    """A row by `AGAINST_PUBLISHED` for every form that was compared, 95 % intervals in brackets where there are any."""
    return [_compared(form.label, form.comparison) for form in forms if form.comparison is not None]


def _compared(label: str, found: FormComparison) -> dict[str, str]:
    # Runs of earlier versions recorded intervals of few cases, too.
    few = no_interval(found.cases) is not None
    return {
        FORM: label,
        "dice": _interval(found.difference, None if few else found.difference_ci95, "+.4f"),
        "ratio": _interval(100 * found.ratio, None if few else _percent(found.ratio_ci95), ".2f"),
        "hd95": _interval(found.hd95_increase_mm, None if few else found.hd95_increase_ci95, "+.2f"),
        **{level: _level(found.levels[level], few=few) for level in LEVELS},
    }


def _level(level: QualityLevel, *, few: bool) -> str:
    if not level.kept:
        return "no"
    return "yes, surely" if level.surely and not few else "yes"


def _percent(ends: Interval | None) -> Interval | None:
    return None if ends is None else (100 * ends[0], 100 * ends[1])


def _interval(value: float, ends: Interval | None, spec: str) -> str:
    if ends is None:
        return _signed(value, spec)
    low, high = (_signed(end, spec) for end in ends)
    return f"{_signed(value, spec)} ({low} to {high})"


def _signed(value: float, spec: str) -> str:
    return format(value, spec).replace("-", "−")


def _number(value: float | None, digits: int) -> str:
    return ABSENT if value is None else f"{value:,.{digits}f}"
