"""Keys of recipes that were renamed: recipe files may still have the old ones, and JSON files have nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

RENAMED_DATA_KEYS = {"normalisation": "normalization", "licence": "license"}
"""Old to new key of the section `data`. run.json and manifests keep the old ones: other versions read these files."""


class RenamedKeyWarning(UserWarning):
    """A recipe has keys of an earlier version."""


def with_new_keys(section: Mapping[str, Value]) -> dict[str, Value]:
    """The section `data` with the old keys renamed; one warning names all of them.

    Raises:
        ValueError: An old key and its new one are both there.
    """
    old = [key for key in RENAMED_DATA_KEYS if key in section]
    for key in old:
        if RENAMED_DATA_KEYS[key] in section:
            raise ValueError(f"{key} is the old name of {RENAMED_DATA_KEYS[key]}: give only {RENAMED_DATA_KEYS[key]}")
    if old:
        renamed = ", ".join(f"data.{key} is now data.{RENAMED_DATA_KEYS[key]}" for key in old)
        warnings.warn(f"{renamed}; the old name is still read", RenamedKeyWarning, stacklevel=2)
    return {RENAMED_DATA_KEYS.get(key, key): value for key, value in section.items()}


def from_stored_keys(section: Mapping[str, Value]) -> dict[str, Value]:
    """The section `data` as JSON files have it, with the keys that a recipe has today."""
    return {RENAMED_DATA_KEYS.get(key, key): value for key, value in section.items()}


def to_stored_keys(section: Mapping[str, Value]) -> dict[str, Value]:
    """The section `data` with the keys that JSON files have."""
    stored = {new: old for old, new in RENAMED_DATA_KEYS.items()}
    return {stored.get(key, key): value for key, value in section.items()}
