"""URIs of frames: what `--source` takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.uris.options import Options, pairs_of
from edge_sdk.errors import EdgeSdkError

SOURCE_SYNTAX = (
    "replay:FILE, replay:FILE?rate=1.0 (0 or max: as fast as possible) or replay:FILE?fps=30, either with &loop=N; "
    "camera:NUMBER[?size=1280x720&fps=30], camera:/dev/videoN or camera:http://…; igtl://HOST:PORT/DEVICE"
)
IGTL_PORT = 18944
"""Where OpenIGTLink servers listen unless told otherwise."""
_SIZE = re.compile(r"(\d+)x(\d+)", re.ASCII)


@dataclass(frozen=True)
class ReplayUri:
    """A recording: `replay:` or `video:`.

    Attributes:
        path: The recording's file or folder.
        pacing: How fast its frames arrive.
        uri: The URI as it was given.
    """

    path: Path
    pacing: Pacing = field(default_factory=Pacing)
    uri: str = field(default="", compare=False)


@dataclass(frozen=True)
class CameraUri:
    """A camera: `camera:`.

    Attributes:
        camera: The number of a camera, the path of its device, or a stream's address.
        size: Pixels (width, height) to ask it for; None for what it gives by itself.
        fps: Frames per second to ask it for, or None.
        uri: The URI as it was given.
    """

    camera: int | str
    size: tuple[int, int] | None = None
    fps: float | None = None
    uri: str = field(default="", compare=False)


@dataclass(frozen=True)
class PeerUri:
    """An OpenIGTLink server: `igtl:`.

    Attributes:
        host: Name or address of the server.
        port: TCP port of the server.
        device: Name of the device whose images are wanted; None for those of all.
        uri: The URI as it was given.
    """

    host: str
    port: int
    device: str | None = None
    uri: str = field(default="", compare=False)

    @property
    def peer(self) -> tuple[str, int]:
        """Host and port: two URIs with the same peer share a connection."""
        return self.host, self.port


LiveUri = CameraUri | PeerUri
SourceUri = ReplayUri | LiveUri


def parse_source(uri: str) -> SourceUri:
    """Understand a source URI.

    What follows the last "?" of a replay are options; the path is taken as it is, without percent decoding.

    Raises:
        EdgeSdkError: Another scheme, an unknown option, or an impossible value.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise EdgeSdkError("is not a source URI", where=uri or "--source", remedy=f"use {SOURCE_SYNTAX}")
    if scheme == "igtl":
        return parse_peer(uri)
    if scheme == "camera":
        return _camera(uri, rest)
    if scheme not in ("replay", "video"):
        raise EdgeSdkError(f"there are no sources of kind {scheme!r}", where=uri, remedy=f"use {SOURCE_SYNTAX}")
    return _replay(uri, rest)


def parse_peer(uri: str) -> PeerUri:
    """Understand `igtl://HOST[:PORT][/DEVICE]`.

    Raises:
        EdgeSdkError: Host or port is missing or impossible.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or IGTL_PORT
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme != "igtl" or parts.query or parts.fragment or parts.username:
        raise EdgeSdkError("is not an OpenIGTLink address", where=uri, remedy="use igtl://HOST:PORT/DEVICE")
    return PeerUri(host, port, unquote(parts.path.strip("/")) or None, uri)


def _replay(uri: str, rest: str) -> ReplayUri:
    path, question, query = rest.rpartition("?")
    if not question:
        path, query = rest, ""
    options = Options(uri, pairs_of(query, "&"), ("rate", "fps", "loop"), remedy=f"use {SOURCE_SYNTAX}")
    if not path:
        raise options.wrong("names no file")
    if question and not query:
        raise options.wrong('ends with "?" and no option')
    if "rate" in options and "fps" in options:
        raise options.wrong("takes one of rate and fps")
    rate = 0.0 if options.text("rate") == "max" else options.number("rate")
    if rate is not None and rate < 0:
        raise options.wrong(f"rate={options.text('rate')} is not 0, max or a number above 0")
    pacing = Pacing(1.0 if rate is None else rate, options.positive("fps"), options.whole("loop", 1))
    return ReplayUri(Path(path), pacing, uri)


def _camera(uri: str, rest: str) -> CameraUri:
    # A stream's address may hold a query of its own, which is not for us.
    name, _, query = (rest, "", "") if "://" in rest else rest.partition("?")
    options = Options(uri, pairs_of(query, "&"), ("size", "fps"), remedy=f"use {SOURCE_SYNTAX}")
    if not name:
        raise options.wrong("names no camera")
    size = options.text("size")
    match = None if size is None else _SIZE.fullmatch(size)
    if size is not None and match is None:
        raise options.wrong(f"size={size} is not WIDTHxHEIGHT in pixels")
    pixels = None if match is None else (int(match[1]), int(match[2]))
    is_number = name.isdecimal() and name.isascii()
    return CameraUri(int(name) if is_number else name, pixels, options.positive("fps"), uri)
