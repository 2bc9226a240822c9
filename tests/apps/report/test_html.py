"""The report page: no blank fields, escaping, one file."""

from __future__ import annotations

from pathlib import Path

import cv2
import jinja2
import numpy as np
import pytest

from apps.report.html import is_measured, not_measured, png_source, render, shown
from apps.report.measured import NotMeasured
from apps.report.part import ReportPart


class Sizes(ReportPart):
    lung: float
    liver: float | NotMeasured


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.1235"),
        (3.0, "3"),
        (1234567, "1,234,567"),
        (123456.7, "123,457"),
        (True, "yes"),
        ([1, 2.5], "1, 2.5"),
        ({"vessel": 0.5}, "vessel 0.5"),
        ("word", "word"),
        (not_measured("no battery"), "not measured: no battery"),
        (NotMeasured(why="no battery"), "not measured: no battery"),
        (Sizes(lung=1.5, liver=NotMeasured(why="not seen")), "lung 1.5, liver not measured: not seen"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_was_not_measured_is_known_as_such() -> None:
    assert is_measured(0.0)
    assert is_measured(Sizes(lung=1.5, liver=2.5))
    assert not is_measured(NotMeasured(why="no battery"))
    assert not is_measured(not_measured("no battery"))


@pytest.mark.parametrize("blank", [None, "", [], {}])
def test_a_blank_is_refused(blank: object) -> None:
    with pytest.raises(ValueError, match="no blank fields"):
        shown(blank)


def test_render_escapes_what_users_give_and_needs_every_name() -> None:
    page = render("report/base.html", title="<b>sweep</b>", subtitle="s", sdk_version="0", written_utc="now")
    assert "&lt;b&gt;sweep&lt;/b&gt;" in page
    assert "<b>sweep</b>" not in page
    assert "--accent" in page
    with pytest.raises(jinja2.UndefinedError):
        render("report/base.html", title="only this")


def test_png_source_holds_the_whole_picture(tmp_path: Path) -> None:
    import base64

    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    head, _, data = png_source(tmp_path / "a.png").partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR), picture)
