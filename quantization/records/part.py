"""The base of everything that run.json holds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

Cell = str | int | float | list[str] | None
"""A value in a table."""


class RecordPart(BaseModel):
    """A part of run.json.

    What was never set is left out of the file, and what another version wrote there is kept.
    """

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    def to_json(self) -> dict[str, JsonValue]:
        """The part under the keys of the file."""
        values: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return values


class RecordRow(RecordPart):
    """A part whose values are numbers and texts: the row of a table, or the summary of a stage."""

    def cells(self) -> dict[str, Cell]:
        """The values under the keys of the file."""
        values: dict[str, Cell] = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return values
