"""Values that could not be measured."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured, value_or_why


class Fan(ReportGroup):
    rpm: float | NotMeasured
    name: str


def test_json_holds_null_and_the_reason() -> None:
    assert NotMeasured(why="no battery").model_dump_json() == '{"value":null,"why":"no battery"}'
    assert Fan(rpm=NotMeasured(why="no tachometer"), name="f").as_json() == {
        "rpm": {"value": None, "why": "no tachometer"},
        "name": "f",
    }


def test_a_value_or_the_reason() -> None:
    assert value_or_why(0.0, "unused") == 0.0
    assert value_or_why(None, "no fan") == NotMeasured(why="no fan")
    assert if_measured(Fan(rpm=900.0, name="f"), lambda fan: fan.rpm) == 900.0
    assert if_measured(NotMeasured(why="no fan"), lambda fan: fan.rpm) == NotMeasured(why="no fan")


def test_json_is_read_back_and_a_missing_field_has_a_reason() -> None:
    for fan in (Fan(rpm=900.0, name="f"), Fan(rpm=NotMeasured(why="no tachometer"), name="f")):
        assert Fan.from_json(json.loads(json.dumps(fan.as_json()))) == fan
    assert Fan.from_json({"name": "f"}).rpm == NotMeasured(why="the report has no rpm")
    with pytest.raises(ValidationError, match="name"):
        Fan.from_json({"rpm": 900.0})
    with pytest.raises(ValidationError, match="rpm"):
        Fan(name="f")
