"""How a process that did not end well ended, in words."""

from __future__ import annotations

import signal


def how_it_ended(status: int, said: str) -> str:
    """The signal or status that ended a process, and the last line that it said.

    Args:
        status: As `subprocess` tells it: negative for a signal.
        said: The process's stderr.
    """
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = str(-status)
        return f"its process was ended by signal {name} ({last})"
    return f"its process ended with status {status} ({last})"
