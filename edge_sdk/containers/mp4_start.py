"""Where the video track of an MP4 or QuickTime file (ISO 14496-12) begins, which OpenCV does not tell."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_sdk.containers.pixel_bytes import opened

_LARGEST = 1 << 26
"""Bytes of a movie box, far above what hours of frames need; a damaged size asks for more."""
_SILENT = {b"soun", b"hint", b"tmcd"}
"""Handler types of sound, streaming hints and time codes."""
_LOOKED_AT = 4096
"""First samples, among which the earliest shown one is: reordering reaches over a few."""


@dataclass(frozen=True)
class Mp4Tracks:
    """What the movie box says.

    Attributes:
        video_start: Seconds from the start of the file to the first frame of the first video track; 0 where unknown.
        others: Handler types of further tracks that may say something of the frames, such as "text" or "meta".
    """

    video_start: float
    others: tuple[str, ...]


def read_mp4_tracks(path: Path) -> Mp4Tracks | None:
    """The tracks of a file; None where it has no movie box that can be read.

    Raises:
        FileFormatError: The file cannot be read.
    """
    with opened(path) as stream:
        found = dict(_top_boxes(stream, path.stat().st_size))
    movie = found.get(b"moov")
    if movie is None:
        return None
    try:
        return _tracks(movie, found.get(b"moof", b""))
    except (struct.error, IndexError, ZeroDivisionError):
        return None


def _top_boxes(stream: BinaryIO, length: int) -> Iterator[tuple[bytes, bytes]]:
    """The movie box and the first fragment's, in a file of so many bytes."""
    wanted = {b"moov", b"moof"}
    while wanted and len(head := stream.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        header = 8
        if size == 1:
            if len(large := stream.read(8)) < 8:
                return
            size, header = int.from_bytes(large, "big"), 16
        if kind in wanted and header <= size <= _LARGEST:
            wanted.discard(kind)
            yield kind, stream.read(size - header)
        elif size < header or size > length:  # 0 says to the end of the file
            return
        else:
            stream.seek(size - header, 1)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _inside(data: bytes, *path: bytes) -> bytes | None:
    """The first box at a path of kinds."""
    for kind in path:
        found = next((content for name, content in _boxes(data) if name == kind), None)
        if found is None:
            return None
        data = found
    return data


def _tracks(movie: bytes, fragment: bytes) -> Mp4Tracks:
    header = _inside(movie, b"mvhd") or b""
    scale = _timescale(header)
    start, others = None, []
    for kind, track in _boxes(movie):
        handler = (_inside(track, b"mdia", b"hdlr") or b"") if kind == b"trak" else b"\0" * 8 + b"soun"
        if handler[8:12] == b"vide":
            start = _video_start(track, fragment, scale) if start is None else start
        elif handler[8:12] not in _SILENT:
            others.append(handler[8:12].decode("ascii", "replace"))
    return Mp4Tracks(start or 0.0, tuple(others))


def _timescale(header: bytes) -> int:
    """Ticks per second of an mvhd or mdhd box."""
    return int(struct.unpack_from(">I", header, 20 if header[0] else 12)[0])


def _video_start(track: bytes, fragment: bytes, movie_scale: int) -> float:
    scale = _timescale(_inside(track, b"mdia", b"mdhd") or b"")
    empty, first_media = _edits(_inside(track, b"edts", b"elst"))
    shown = [time for time in _shown_at(track, fragment) if time >= first_media]
    return empty / movie_scale + ((min(shown) - first_media) / scale if shown else 0.0)


def _edits(box: bytes | None) -> tuple[int, int]:
    """Length of the empty edits at the start, in the movie's ticks, and the first media time shown, in the track's."""
    if box is None:
        return 0, 0
    count, layout = struct.unpack_from(">I", box, 4)[0], ">Qqi" if box[0] else ">Iii"
    empty = 0
    for index in range(count):
        duration, media_time, _ = struct.unpack_from(layout, box, 8 + index * struct.calcsize(layout))
        if media_time >= 0:
            return empty, media_time
        empty += duration
    return empty, 0


def _shown_at(track: bytes, fragment: bytes) -> list[int]:
    """When the first samples are shown, in the track's ticks, before edits."""
    table = _inside(track, b"mdia", b"minf", b"stbl") or b""
    steps = _runs(_inside(table, b"stts"))
    if steps:
        offsets = _runs(_inside(table, b"ctts"), signed=True)
        times = [0]
        for step in steps[: _LOOKED_AT - 1]:
            times.append(times[-1] + step)
        times = times[: len(steps)]
        return [time + offset for time, offset in zip(times, offsets or [0] * len(times), strict=False)]
    header = _inside(track, b"tkhd") or b""
    identity = struct.unpack_from(">I", header, 20 if header[0] else 12)[0]
    for kind, content in _boxes(fragment):
        decode_time, owner = _inside(content, b"tfdt"), _inside(content, b"tfhd")
        if kind == b"traf" and decode_time and owner and struct.unpack_from(">I", owner, 4)[0] == identity:
            return [int(struct.unpack_from(">Q" if decode_time[0] else ">I", decode_time, 4)[0])]
    return []


def _runs(box: bytes | None, *, signed: bool = False) -> list[int]:
    """The values of a run-length table of the first samples."""
    if box is None:
        return []
    values: list[int] = []
    for index in range(struct.unpack_from(">I", box, 4)[0]):
        count, value = struct.unpack_from(">Ii" if signed else ">II", box, 8 + 8 * index)
        values += [value] * min(count, _LOOKED_AT - len(values))
        if len(values) >= _LOOKED_AT:
            break
    return values
