"""What is told of images while they are read: a line on stderr at once, and a list for JSON."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from apps.sweep_warnings import warn

if TYPE_CHECKING:
    from edge_sdk.data_warning import DataWarning


@contextmanager
def image_warnings() -> Iterator[list[DataWarning]]:
    """Tell each warning about an image's levels once on stderr, and collect it in the list."""
    from edge_sdk.inference.extreme_levels import ExtremeLevelsWarning

    found: list[DataWarning] = []

    with warnings.catch_warnings():
        warnings.simplefilter("always", ExtremeLevelsWarning)
        others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not isinstance(message, ExtremeLevelsWarning):
                others(message, category, filename, lineno, file, line)
            elif message.finding not in found:
                found.append(message.finding)
                warn([message.finding])

        warnings.showwarning = show
        yield found
