"""Nested plain values as tables for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from apps.console import SWITCHES, console


def show(title: str, values: Mapping[str, object]) -> None:
    """Print a mapping of names to numbers, texts, lists or mappings; a list of mappings becomes a table of its own."""
    if SWITCHES.quiet:
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows: list[tuple[str, Sequence[Mapping[str, object]]]] = []
    for name, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            rows.append((name, value))
        else:
            table.add_row(_heading(name), _text(value))
    console().print(table)
    for name, entries in rows:
        show_rows(_heading(name), entries)


def show_rows(title: str, rows: Sequence[Mapping[str, object]], right: Collection[str] = ()) -> None:
    """Print mappings of the same keys, one a row; numbers to the right, and the columns whose keys are in `right`."""
    if SWITCHES.quiet or not rows:
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in rows[0]:
        numeric = name in right or all(isinstance(row[name], int | float) for row in rows)
        table.add_column(_heading(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    console().print(table)


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_heading(str(name))}: {_text(inner)}" for name, inner in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(inner) for inner in value) or "none"
    return escape(str(value)) or "none"
