"""A group of fields of a report, as it lies in the JSON."""

from __future__ import annotations

from typing import Final, Self

from pydantic import ConfigDict, JsonValue, ValidationInfo, model_validator

from apps.report.part import ReportPart

_READING: Final = "reading"


class ReportGroup(ReportPart):
    """Base of the groups of a report that is read back: fields of later versions are ignored, missing ones explained.

    Each field is a value, or `NotMeasured`.
    """

    model_config = ConfigDict(extra="ignore")

    def as_json(self) -> dict[str, JsonValue]:
        """The group as JSON has it."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Read what `as_json` returned, of this version or of an older one that had fewer fields.

        A field that is missing becomes `NotMeasured`.

        Raises:
            pydantic.ValidationError: A value has another type, or a field is missing that is always measured.
        """
        return cls.model_validate(values, context=_READING)

    @model_validator(mode="before")
    @classmethod
    def _explain_missing_fields(cls, values: object, info: ValidationInfo) -> object:
        if info.context != _READING or not isinstance(values, dict) or values.keys() == {"value", "why"}:
            return values
        required = [field.alias or name for name, field in cls.model_fields.items() if field.is_required()]
        missing = [name for name in required if name not in values]
        return {**values, **{name: {"value": None, "why": f"the report has no {name}"} for name in missing}}
