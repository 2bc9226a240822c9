"""Values of a report that could not be measured, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

Group = TypeVar("Group")
Value = TypeVar("Value")


class NotMeasured(BaseModel):
    """Stands for a value that could not be measured; in JSON {"value": null, "why": "…"}.

    Attributes:
        value: Always None.
        why: The reason, in one line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: None = None
    why: str


def value_or_why(value: Value | None, why: str) -> Value | NotMeasured:
    """The value; where it is None, `NotMeasured` with the reason."""
    return NotMeasured(why=why) if value is None else value


def if_measured(group: Group | NotMeasured, read: Callable[[Group], Value | NotMeasured]) -> Value | NotMeasured:
    """What `read` takes from a group; where the group was not measured, the group's own reason."""
    return group if isinstance(group, NotMeasured) else read(group)
