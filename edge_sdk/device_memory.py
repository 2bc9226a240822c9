"""What was found out on this device, kept for the next start in the user's cache folder.

Everything in it can be found out again: a folder that cannot be written, or damaged content, costs time and nothing
else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edge_sdk.device import fingerprint
from edge_sdk.errors import EdgeSdkError
from edge_sdk.files import atomic_path, check_place

if TYPE_CHECKING:
    from pydantic import BaseModel

CACHE_VARIABLE = "EDGE_SDK_CACHE"
Circumstance = str | int | float | None | Sequence["Circumstance"] | Mapping[str, "Circumstance"]
"""What a finding depends on, besides the device: a value that JSON can hold."""
_Finding = TypeVar("_Finding", bound="BaseModel")


def cache_folder() -> Path:
    """Where it is kept: $EDGE_SDK_CACHE, else edge-sdk in the user's cache directory."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-sdk"


def cache_problem() -> str | None:
    """Why nothing can be kept (one line with the remedy), or None where it can."""
    try:
        check_place(cache_folder() / "probe")
    except EdgeSdkError as error:
        return f"{error.what}: every start measures, tries and compiles anew; set EDGE_SDK_CACHE to a writable folder"
    return None


def with_cache_in(folder: Path) -> dict[str, str]:
    """The environment of a process for which nothing was found out before, and whose finds are not the user's."""
    return {**os.environ, CACHE_VARIABLE: str(folder / "cache")}


def device_key(*circumstances: Circumstance) -> str:
    """A name (32 hexadecimal digits) for these circumstances on a device like this one."""
    return hashlib.sha256(json.dumps([fingerprint(), *circumstances]).encode()).hexdigest()[:32]


def memory_file(kind: str, *circumstances: Circumstance) -> Path:
    """The file of what was found out under these circumstances on a device like this one; it need not exist.

    Args:
        kind: Beginning of the file's name.
        circumstances: What the finding depends on.
    """
    return cache_folder() / f"{kind}-{device_key(*circumstances)}.json"


def recall(file: Path, schema: type[_Finding]) -> _Finding | None:
    """The finding in a file that `remember` wrote; None where there is no file, or another content than `schema`'s."""
    try:
        return schema.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        return None


def remember(file: Path, finding: BaseModel) -> None:
    """Write a finding for `recall`; do nothing where the folder cannot be written."""
    try:
        with atomic_path(file) as temporary:
            temporary.write_text(finding.model_dump_json())
    except EdgeSdkError:
        return
