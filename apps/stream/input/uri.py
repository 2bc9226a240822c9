"""Source URIs: what `--source` understands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.stream.input.pacing import Pacing
from edge_sdk.errors import EdgeSdkError

WORKS = (
    "replay:FILE, replay:FILE?rate=1.0 (0 or max: as fast as possible) or replay:FILE?fps=30, either with &loop=N; "
    "camera:NUMBER[?size=1280x720&fps=30], camera:/dev/videoN or camera:http://…; igtl://HOST:PORT/DEVICE"
)

_SIZE, _NUMBER = re.compile(r"(\d+)x(\d+)"), re.compile(r"\d+(\.\d+)?")
IGTL_PORT = 18944
"""Where OpenIGTLink servers listen unless told otherwise."""


@dataclass(frozen=True)
class ReplayUri:
    """A parsed `replay:` or `video:` URI."""

    path: Path
    pacing: Pacing


@dataclass(frozen=True)
class CameraUri:
    """A parsed `camera:` URI.

    Attributes:
        camera: The number of a camera, the path of its device, or a stream's address.
        size: Pixels (width, height) to ask it for; None for what it gives by itself.
        fps: Frames per second to ask it for, or None.
    """

    camera: int | str
    size: tuple[int, int] | None = None
    fps: float | None = None


@dataclass(frozen=True)
class PeerUri:
    """A parsed `igtl:` URI.

    Attributes:
        host, port: Of the OpenIGTLink server.
        device: Name of the device whose images are wanted; None for those of all.
    """

    host: str
    port: int
    device: str | None = None

    @property
    def peer(self) -> tuple[str, int]:
        """What a connection leads to."""
        return self.host, self.port


SourceUri = ReplayUri | CameraUri | PeerUri


def parse_source(uri: str) -> SourceUri:
    """Understand a source URI.

    What follows the last "?" of a replay are options; the path is taken as it is, without percent decoding.

    Raises:
        EdgeSdkError: Another scheme, an unknown option, or an impossible value.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise EdgeSdkError("is not a source URI", where=uri or "--source", remedy=f"use {WORKS}")
    if scheme == "igtl":
        return parse_peer(uri)
    if scheme == "camera":
        return _camera(uri, rest)
    if scheme not in ("replay", "video"):
        raise EdgeSdkError(f"there are no sources of kind {scheme!r}", where=uri, remedy=f"use {WORKS}")
    path, question, query = rest.rpartition("?")
    if not question:
        path, query = rest, ""
    if not path:
        raise EdgeSdkError("names no file", where=uri, remedy=f"use {WORKS}")
    options = parse_qsl(query, keep_blank_values=True)
    if question and not options:
        raise EdgeSdkError('ends with "?" and no option', where=uri, remedy=f"use {WORKS}")
    return ReplayUri(Path(path), _pacing(uri, options))


def _camera(uri: str, rest: str) -> CameraUri:
    # A stream's address may hold a query of its own, which is not for us.
    name, _, query = (rest, "", "") if "://" in rest else rest.partition("?")
    if not name:
        raise EdgeSdkError("names no camera", where=uri, remedy=f"use {WORKS}")
    found = CameraUri(int(name) if name.isdecimal() else name)
    for option, value in parse_qsl(query, keep_blank_values=True):
        size = _SIZE.fullmatch(value)
        if option == "size" and size:
            found = replace(found, size=(int(size[1]), int(size[2])))
        elif option == "fps" and _NUMBER.fullmatch(value) and float(value) > 0:
            found = replace(found, fps=float(value))
        else:
            raise EdgeSdkError(
                f"{option}={value} is not understood", where=uri, remedy="use camera:0?size=1280x720&fps=30"
            )
    return found


def parse_peer(uri: str) -> PeerUri:
    """Understand `igtl://HOST:PORT[/DEVICE]`.

    Raises:
        EdgeSdkError: Host or port is missing or impossible.
    """
    parts = urlsplit(uri)
    try:
        host, port = parts.hostname, parts.port or IGTL_PORT
    except ValueError:
        host, port = None, 0
    if parts.scheme != "igtl" or not host or parts.query or parts.fragment or parts.username:
        raise EdgeSdkError("is not an OpenIGTLink address", where=uri, remedy="use igtl://HOST:PORT/DEVICE")
    return PeerUri(host, port, unquote(parts.path.strip("/")) or None)


def _pacing(uri: str, options: list[tuple[str, str]]) -> Pacing:
    given = dict(options)
    if len(given) < len(options) or {"rate", "fps"} <= set(given):
        raise EdgeSdkError("takes one of rate and fps, and loop, once each", where=uri, remedy=f"use {WORKS}")
    pacing = Pacing()
    for name, value in options:
        pacing = _with(pacing, uri, name, value)
    return pacing


def _with(pacing: Pacing, uri: str, name: str, value: str) -> Pacing:
    if name not in ("rate", "fps", "loop"):
        raise EdgeSdkError(f"option {name!r} is not known", where=uri, remedy=f"use {WORKS}")
    if name == "rate" and value == "max":
        return replace(pacing, rate=0.0)
    if name == "loop":
        if not (value.isdecimal() and int(value) > 0):
            raise EdgeSdkError(f"loop={value} is not a whole number above 0", where=uri, remedy=f"use {WORKS}")
        return replace(pacing, loops=int(value))
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    lowest_is_fine = name == "rate" and number == 0
    if not math.isfinite(number) or (number <= 0 and not lowest_is_fine):
        raise EdgeSdkError(f"{name}={value} is not a positive number", where=uri, remedy=f"use {WORKS}")
    return replace(pacing, fps=number) if name == "fps" else replace(pacing, rate=number)
