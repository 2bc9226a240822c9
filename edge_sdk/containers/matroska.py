"""Tracks and blocks of Matroska and WebM files (RFC 9559), for what FFmpeg does not pass on through OpenCV.

OpenCV gives neither the time at which the video track begins nor the text tracks; PyAV would, and is no dependency.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_sdk.containers.ebml import Bytes, Element, children, text, unsigned, variable_number
from edge_sdk.containers.pixel_bytes import opened

VIDEO, SUBTITLE, METADATA = 1, 17, 33
"""Kinds of tracks."""
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_INFO, _SCALE, _MUXING_APP = 0x1549A966, 0x2AD7B1, 0x4D80
_TRACKS, _ENTRY, _TRACK_NUMBER, _KIND, _CODEC, _NAME = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0x86, 0x536E
_VIDEO, _COLOR_SPACE, _WIDTH, _HEIGHT, _ENCODINGS = 0xE0, 0x2EB524, 0xB0, 0xBA, 0x6D80
_CLUSTER, _TIME, _SIMPLE_BLOCK, _GROUP, _BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
_IN_CLUSTER = {_TIME, _SIMPLE_BLOCK, _GROUP, 0xA7, 0xAB, 0x5854, 0xBF, 0xEC, 0xAF}
_LACING = 0x06
_DEFAULT_SCALE = 1_000_000


@dataclass(frozen=True)
class Block:
    """The payload of one block.

    Attributes:
        time: Seconds from the start of the file.
        start: First byte in the file.
        end: Byte after the last.
    """

    time: float
    start: int
    end: int


@dataclass(frozen=True)
class Track:
    """A track.

    Attributes:
        kind: VIDEO, SUBTITLE, METADATA, or the number of another kind.
        codec: Its codec ID, such as "S_TEXT/UTF8".
        name: Its name; "" without.
        color_space: FourCC of uncompressed video; "" without.
        size: (width, height) of video in pixels, (0, 0) otherwise.
        encoded: Whether the blocks are compressed or encrypted by the container.
        blocks: In the order of the file, without those that hold several frames.
    """

    kind: int
    codec: str
    name: str = ""
    color_space: str = ""
    size: tuple[int, int] = (0, 0)
    encoded: bool = False
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Matroska:
    """What a file holds.

    Attributes:
        muxer: Library that wrote it.
        tick: Seconds that times are rounded to.
        tracks: In the order of the file.
    """

    muxer: str
    tick: float
    tracks: tuple[Track, ...]

    @property
    def video(self) -> Track | None:
        """The first video track, which is the one that OpenCV reads."""
        return next((track for track in self.tracks if track.kind == VIDEO), None)


@dataclass
class _Found:
    muxer: str = ""
    scale: int = _DEFAULT_SCALE
    tracks: dict[int, Track] = field(default_factory=dict)
    blocks: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)


def read_matroska(path: Path) -> Matroska | None:
    """The tracks and blocks of a file as far as it is undamaged; None where it is no Matroska file.

    Raises:
        FileFormatError: The file cannot be read.
    """
    if not path.stat().st_size:
        return None
    with opened(path) as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return parse_matroska(data)


def parse_matroska(data: Bytes) -> Matroska | None:
    """As `read_matroska`, of the contents of a file."""
    top = list(children(data, 0, len(data)))
    if not top or top[0].kind != _EBML:
        return None
    found = _Found()
    for segment in top:
        if segment.kind == _SEGMENT:
            _read_level(data, segment.start, segment.end, found)
    tick = found.scale / 1e9
    tracks = (
        replace(
            track, blocks=tuple(Block(time * tick, start, end) for time, start, end in found.blocks.get(number, ()))
        )
        for number, track in found.tracks.items()
    )
    return Matroska(found.muxer, tick, tuple(tracks))


def _read_level(data: Bytes, start: int, end: int, found: _Found) -> None:
    """The elements of a segment."""
    again = start
    while again < end:
        at, again = again, end
        for element in children(data, at, end):
            if element.kind == _CLUSTER:
                after = _read_cluster(data, element, found)
                if not element.sized:
                    # A cluster without a size, as live recorders write it, ends where the next element of the
                    # segment begins.
                    again = after
            elif element.kind == _INFO:
                _read_info(data, element, found)
            elif element.kind == _TRACKS:
                for entry in _of_kind(data, element, _ENTRY):
                    number, track = _track(data, entry)
                    found.tracks.setdefault(number, track)


def _read_info(data: Bytes, info: Element, found: _Found) -> None:
    for element in children(data, info.start, info.end):
        if element.kind == _SCALE:
            found.scale = unsigned(data, element) or _DEFAULT_SCALE
        elif element.kind == _MUXING_APP:
            found.muxer = text(data, element)


def _track(data: Bytes, entry: Element) -> tuple[int, Track]:
    parts = {element.kind: element for element in children(data, entry.start, entry.end)}
    video = parts.get(_VIDEO)
    inside = {each.kind: each for each in children(data, video.start, video.end)} if video else {}

    def number(kind: int) -> int:
        element = parts.get(kind) or inside.get(kind)
        return unsigned(data, element) if element else 0

    def words(kind: int) -> str:
        element = parts.get(kind) or inside.get(kind)
        return text(data, element) if element else ""

    return number(_TRACK_NUMBER), Track(
        kind=number(_KIND),
        codec=words(_CODEC),
        name=words(_NAME),
        color_space=words(_COLOR_SPACE),
        size=(number(_WIDTH), number(_HEIGHT)),
        encoded=_ENCODINGS in parts,
    )


def _read_cluster(data: Bytes, cluster: Element, found: _Found) -> int:
    """The blocks of a cluster; returns the byte after it."""
    time, after = 0, cluster.end
    for element in children(data, cluster.start, cluster.end):
        if element.kind not in _IN_CLUSTER and not cluster.sized:
            return element.at
        if element.kind == _TIME:
            time = unsigned(data, element)
        elif element.kind == _SIMPLE_BLOCK:
            _read_block(data, element, time, found)
        elif element.kind == _GROUP:
            for block in _of_kind(data, element, _BLOCK):
                _read_block(data, block, time, found)
    return after


def _read_block(data: Bytes, block: Element, cluster_time: int, found: _Found) -> None:
    track = variable_number(data, block.start, block.end)
    if track is None or block.start + track[1] + 3 > block.end:
        return
    at = block.start + track[1]
    if data[at + 2] & _LACING:
        return
    offset = int.from_bytes(data[at : at + 2], "big", signed=True)
    found.blocks.setdefault(track[0], []).append((cluster_time + offset, at + 3, block.end))


def _of_kind(data: Bytes, parent: Element, kind: int) -> Iterator[Element]:
    return (element for element in children(data, parent.start, parent.end) if element.kind == kind)
