"""The settings of a stream from its file and its options, which win."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from apps.stream.core.settings import StreamSettings, read_settings
from edge_sdk.errors import RecipeError
from edge_sdk.toml_file import first_fault

NEEDED = {("source", "uri"): "--source", ("package", "path"): "--package", ("output", "folder"): "-o"}
"""Section and key of what no stream goes without, and the option that gives it."""

_EXCLUSIVE = {"box_mm": "around_mm", "around_mm": "box_mm"}
"""Keys of the file that an option for the other one takes away."""


def merged(file: Path | None, **options: Mapping[str, object]) -> StreamSettings:
    """Settings of `file`, if any, with the options in their place.

    Args:
        file: A settings file, or None.
        options: Section → key → value; None is what was not given.

    Raises:
        RecipeError: The file or an option is wrong.
    """
    content = (StreamSettings() if file is None else read_settings(file)).model_dump()
    for section, values in options.items():
        given = {name: value for name, value in values.items() if value is not None}
        for name in given:
            if (other := _EXCLUSIVE.get(name)) is not None:
                content[section][other] = None
        content[section] |= given
    try:
        return StreamSettings.model_validate(content)
    except ValidationError as cause:
        raise RecipeError(
            first_fault(cause, StreamSettings), where="options", remedy="see `edge-sdk stream --help`"
        ) from cause


def missing(settings: StreamSettings) -> str | None:
    """The first option that is needed and that neither the file nor the command line gave, and its key."""
    for (section, name), option in NEEDED.items():
        if getattr(getattr(settings, section), name) is None:
            return f"{option} (or {name} in [{section}] of the file of --settings)"
    return None
