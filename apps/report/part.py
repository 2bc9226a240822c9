"""What the models of a report have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ReportPart(BaseModel):
    """Base of a report and its groups: frozen, every key is declared, and the JSON Schema explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
