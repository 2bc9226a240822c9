"""A report's texts, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_sdk.files import atomic_path


def write_texts(path: Path, texts: Mapping[str, str]) -> None:
    """Write each text (suffix → content, such as ".json") to `path` with its suffix appended.

    Raises:
        EdgeSdkError: The place cannot be written.
    """
    for suffix, content in texts.items():
        with atomic_path(path.with_name(path.name + suffix)) as temporary:
            temporary.write_text(content, encoding="utf-8")
