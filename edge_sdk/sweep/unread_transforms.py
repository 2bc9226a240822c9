"""Fields of a recording that are named as transforms and are not used, so that none is passed over in silence."""

from __future__ import annotations

from collections.abc import Collection

from edge_sdk.sweep.sweep import Sweep

TRANSFORM = "Transform"
_NAMED = 5


def names_transform(field: str) -> bool:
    """Whether a field's name ends with "Transform", in capitals or not, and has something before it."""
    return len(field) > len(TRANSFORM) and field.lower().endswith(TRANSFORM.lower())


def unread_transforms(sweep: Sweep) -> list[str]:
    """Names of fields, of frames and of the header, that end with "Transform" and are no transforms of the sweep.

    A frame's field is one where its name is not of the form <From>To<To>Transform; a header's field holds no pose of
    a frame.
    """
    in_frames = dict.fromkeys(key for frame in sweep.fields for key in frame if names_transform(key))
    return [*in_frames, *(key for key in sweep.header if names_transform(key) and key not in in_frames)]


def some_names(names: Collection[str]) -> str:
    """The names with commas, of many the first ones and how many more there are."""
    shown = ", ".join([*names][:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
