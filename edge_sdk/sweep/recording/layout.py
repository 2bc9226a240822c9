"""The layout of a recording in progress: its folder, files and checked lines.

`NAME.recording` holds two files that only grow: `pixels.raw`, one frame after the other, and `frames.jsonl`, a line
for the recording and one for each frame, each with a checksum.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SUFFIX = ".recording"
PIXELS, FRAMES = "pixels.raw", "frames.jsonl"
FORMAT = "edge-sdk recording"
SCHEMA = 1


def recording_of(path: Path) -> Path:
    """The folder of the recording that will become the sequence file `path`."""
    return path.with_name(path.name + SUFFIX)


def checked_line(content: Mapping[str, Any]) -> bytes:
    """A line of JSON with the checksum of its text before it."""
    text = json.dumps(content, allow_nan=False).encode()
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def checked_lines(text: bytes) -> Iterator[dict[str, Any]]:
    """The contents of the lines up to the first that is cut short or damaged."""
    for line in text.splitlines(keepends=True):
        checksum, _, content = line.partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(content[:-1]):
            return
        yield json.loads(content)
