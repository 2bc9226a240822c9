"""Values that may be `NotMeasured`: how they are made and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from apps.report.measured import NotMeasured

Group = TypeVar("Group")
Value = TypeVar("Value")


def value_or_why(value: Value | None, why: str) -> Value | NotMeasured:
    """The value; where it is None, `NotMeasured` with the reason."""
    return NotMeasured(why=why) if value is None else value


def if_measured(group: Group | NotMeasured, read: Callable[[Group], Value | NotMeasured]) -> Value | NotMeasured:
    """What `read` takes from a group; where the group was not measured, the group's own reason."""
    return group if isinstance(group, NotMeasured) else read(group)
