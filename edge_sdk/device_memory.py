"""What was found out on this device, kept for the next start in the user's cache folder.

Everything in it can be found out again: a folder that cannot be written, or damaged content, costs time and nothing
else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_sdk.device import fingerprint
from edge_sdk.errors import EdgeSdkError
from edge_sdk.files import atomic_path, check_place

CACHE_VARIABLE = "EDGE_SDK_CACHE"


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


def device_key(*circumstances: Any) -> str:
    """A name for these circumstances (as JSON) on a device like this one."""
    return hashlib.sha256(json.dumps([fingerprint(), *circumstances]).encode()).hexdigest()[:32]


def memory(kind: str, *circumstances: Any) -> Path:
    """The file for what was found out under these circumstances on a device like this one."""
    return cache_folder() / f"{kind}-{device_key(*circumstances)}.json"


def recall(place: Path) -> dict[str, Any]:
    """What was kept there; empty where nothing is, or what is there is damaged."""
    try:
        found = json.loads(place.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(place: Path, found: Mapping[str, Any]) -> None:
    """Keep it, where the folder can be written."""
    try:
        with atomic_path(place) as temporary:
            temporary.write_text(json.dumps(dict(found)))
    except EdgeSdkError:
        return
