"""How a process that did not end well ended, in words."""

from __future__ import annotations

import signal


def how_it_ended(status: int, stderr: str) -> str:
    """The signal or status that ended a process, and the last line of its standard error.

    Args:
        status: Exit status as `subprocess` has it: negative for a signal.
        stderr: What the process wrote to its standard error.
    """
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "it said nothing")
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = str(-status)
        return f"its process was ended by signal {name} ({last})"
    return f"its process ended with status {status} ({last})"
