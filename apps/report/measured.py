"""What stands in a report where a value could not be had."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class NotMeasured(BaseModel):
    """Takes the place of a value that could not be had.

    Attributes:
        value: Always None.
        why: The reason, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: None = None
    why: str
