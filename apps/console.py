"""What every command shares: the global switches and where text goes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class Switches:
    """The global options of this run, set by `apps.cli`."""

    quiet: bool = False
    debug: bool = False


SWITCHES = Switches()
_FILE_WIDTH = 160
"""Characters a line where no terminal says otherwise."""


def follows() -> bool:
    """Whether torchrun started this process beside a leading one, which speaks for all of them."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and os.environ.get("RANK", "0") != "0"


def console(*, stderr: bool = False) -> Console:
    """A rich console on stdout, or on stderr for what is not a result."""
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = max(screen.width, _FILE_WIDTH)
    return screen


def say(text: str) -> None:
    """A line of a result for people, on stdout; silent under --quiet."""
    if not SWITCHES.quiet:
        console().print(text, markup=False)


def print_json(value: object) -> None:
    """A machine-readable result on stdout; it is printed under --quiet too.

    Raises:
        ValueError: The value holds NaN or infinity, which JSON does not have.
    """
    json.dump(value, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
