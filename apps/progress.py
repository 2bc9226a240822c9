"""One progress bar for every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps.console import SWITCHES, console
from edge_sdk.progress import Progress


@contextmanager
def progress(quiet: bool | None = None) -> Iterator[Progress]:
    """A bar on stderr, drawn by calling the yielded `report(done, total, text)`.

    Texts that are equal up to a colon share a bar; what follows the colon may change, such as a loss.

    Args:
        quiet: Draw nothing; None follows the global --quiet. Without a terminal nothing is drawn either.
    """
    screen = console(stderr=True)
    if (SWITCHES.quiet if quiet is None else quiet) or not screen.is_terminal:
        yield _silent
        return
    from rich import progress as rich_progress
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with rich_progress.Progress(*columns, console=screen, transient=True) as bars:
        tasks: dict[str, int] = {}

        def report(done: int, total: int, text: str) -> None:
            work = text.partition(":")[0]
            if work not in tasks:
                tasks[work] = bars.add_task(text, total=total)
            bars.update(tasks[work], completed=done, total=total, description=text)  # type: ignore[arg-type]

        yield report


def _silent(_done: int, _total: int, _text: str) -> None:
    """Draws nothing."""
