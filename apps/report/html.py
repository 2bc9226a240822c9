"""Report pages: one self-contained HTML file each, with style, plots and pictures inlined."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel

from apps.report.measured import NotMeasured

APPS = Path(__file__).resolve().parent.parent


def not_measured(why: str) -> dict[str, str | None]:
    """What stands in a report, in JSON as on the page, where a number could not be had."""
    return NotMeasured(why=why).model_dump()


def is_measured(value: object) -> bool:
    """Whether a field holds more than the reason for its absence."""
    if isinstance(value, NotMeasured):
        return False
    return not (isinstance(value, dict) and value.keys() == {"value", "why"})


def shown(value: object, digits: int = 4) -> str:
    """A value as text for a table cell: numbers to `digits` significant digits, lists joined, never blank.

    A model counts as the mapping of its fields.

    Raises:
        ValueError: The value is None or empty; say `not_measured(why)` instead.
    """
    if isinstance(value, NotMeasured):
        return f"not measured: {value.why}"
    if isinstance(value, BaseModel):
        value = dict(value)
    if isinstance(value, dict) and not is_measured(value):
        return f"not measured: {value['why']}"
    if value is None or (isinstance(value, (str, dict, list, tuple)) and not value):
        raise ValueError("a report has no blank fields: give not_measured(why)")
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item, digits) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(item, digits)}" for key, item in value.items())
    return _scalar(value, digits)


def _scalar(value: object, digits: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        whole = value.is_integer() or abs(value) >= 10**digits
        return f"{value:,.0f}" if whole else f"{value:.{digits}g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def transposed(
    rows: Sequence[Mapping[str, object]], headings: Mapping[str, str], name: str
) -> tuple[list[dict[str, object]], dict[str, str]]:
    """Few rows of many columns as many rows of few columns, for a page is narrow.

    Args:
        rows: Mappings of one set of keys.
        headings: Key to heading.
        name: Key that names a row; its values become the headings of the columns.

    Returns:
        Rows, and headings for them, as the table macro takes them.
    """
    turned = [
        {name: heading, **{str(row[name]): row[key] for row in rows}}
        for key, heading in headings.items()
        if key != name
    ]
    return turned, {name: headings[name], **{str(row[name]): str(row[name]) for row in rows}}


def png_source(path: Path) -> str:
    """A PNG file as the `src` of an image element, so that the page needs no other file."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def fields_of(group: BaseModel) -> dict[str, object]:
    """Name → value of a group of a report, for tables."""
    return dict(group)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(APPS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["fields"] = fields_of
    environment.tests["measured"] = is_measured
    environment.globals["style"] = Markup((APPS / "report" / "style.css").read_text(encoding="utf-8"))
    return environment


def render(template_name: str, **context: object) -> str:
    """Fill a template and return the page.

    Args:
        template_name: Relative to `apps/`, such as "stream/report.html". It extends "report/base.html" and
            may import "report/macros.html".
        context: What the template names; a name that is missing raises, so that no field is blank unnoticed.
    """
    return _environment().get_template(template_name).render(**context)
