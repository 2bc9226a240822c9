"""MP4 files with other edit lists than OpenCV writes."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def with_edits(data: bytes, edits: Sequence[tuple[int, int]] | None) -> bytes:
    """A file of one track whose movie box lies at its end, with edits (duration in ms, media time); None without."""
    at = data.rindex(b"moov") - 4
    return data[:at] + _changed(data[at:], edits)


def _changed(data: bytes, edits: Sequence[tuple[int, int]] | None) -> bytes:
    result, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + size]
        if kind in (b"moov", b"trak"):
            content = _changed(content, edits)
        if kind == b"edts":
            at += size
            continue
        if kind == b"mdia" and edits is not None:
            table = b"".join(struct.pack(">IiI", duration, start, 0x10000) for duration, start in edits)
            result += box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + table))
        result += box(kind, content)
        at += size
    return result
