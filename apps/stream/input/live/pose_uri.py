"""Pose URIs of live sensors: what `--poses` understands beside recordings and declarations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from apps.pose_uri import WORKS as RECORDED
from apps.stream.input.live.motion import Motion
from apps.stream.input.live.poses import DeclaredPoses, ImuPoses, LivePoses, ToolNames, TrackedPoses, named
from edge_sdk.errors import PoseError
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE
from edge_sdk.sweep.following import Follower
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.provenance import Provenance
from edge_sdk.sweep.trackers.devices import BAUD, open_bno08x, open_ndi, open_witmotion
from edge_sdk.sweep.trackers.ndi_words import BAUD_CODES
from edge_sdk.sweep.trackers.reading import Reading
from edge_sdk.sweep.trackers.witmotion import RATES

WORKS = (
    "ndi:PORT[?probe=0A&reference=0B&rom=FILE&baud=N&ascii=1], witmotion:PORT?motion=fan:radius=20mm or "
    "?motion=linear:speed=10mm/s, bno08x:PORT?motion=…, igtl://HOST:PORT, linear:speed=10mm/s or fan:rate=10deg/s"
)
_OPTIONS = {
    "ndi": ("baud", "probe", "reference", "rom", "ascii"),
    "witmotion": ("baud", "motion", "rate"),
    "bno08x": ("baud", "motion"),
}
SENSORS = tuple(_OPTIONS)


@dataclass(frozen=True)
class OpenedPoses:
    """Poses, and the devices that give them, which are still to be entered.

    Attributes:
        poses: To ask.
        followers: Of their devices.
        provenance: Sensor or declaration that the poses come from.
    """

    poses: LivePoses
    followers: tuple[Follower[Any], ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


def live_poses(uri: str, timeline: PoseTimeline, now: Callable[[], float]) -> OpenedPoses:
    """The poses of a sensor or of a declaration; an OpenIGTLink peer's come with its images, see `live.devices`.

    Args:
        uri: See `WORKS`.
        timeline: Where a sensor's poses go.
        now: The stream's clock.

    Raises:
        PoseError: The URI cannot be understood.
        EdgeSdkError: A tool's definition cannot be read.
    """
    kind, _, rest = uri.partition(":")
    if kind in ("linear", "fan"):
        return OpenedPoses(DeclaredPoses(Motion.parse(uri)), provenance=Provenance(poses_declared=uri))
    if kind not in SENSORS:
        if kind in ("csv", "sweep"):
            raise PoseError(
                "holds poses of another time than a live source's",
                where=uri,
                remedy=f"replay a recording with them, or use {WORKS}",
            )
        raise PoseError("is not a pose URI that is known", where=uri, remedy=f"use {WORKS}; recorded: {RECORDED}")
    port, _, query = rest.partition("?")
    options = _options(uri, kind, query)
    if not port:
        raise PoseError("names no port", where=uri, remedy="see `edge-sdk doctor` for the ports that are here")
    if kind == "ndi":
        return _ndi(uri, port, options, timeline, now)
    return _imu(uri, kind, port, options, timeline, now)


def _ndi(
    uri: str, port: str, options: dict[str, list[str]], timeline: PoseTimeline, now: Callable[[], float]
) -> OpenedPoses:
    tools = {}
    for rom in options.get("rom", []):
        try:
            tools[rom] = Path(rom).read_bytes()
        except OSError as cause:
            raise PoseError(f"cannot be read ({cause.strerror})", where=rom, remedy="check the path") from cause
    opener = partial(
        open_ndi, port, _number(uri, options, "baud", BAUD), tools=tools, binary=not _flag(uri, options, "ascii")
    )
    if (baud := _number(uri, options, "baud", BAUD)) not in BAUD_CODES:
        raise PoseError(f"speaks no {baud} baud", where=uri, remedy=f"use one of {', '.join(map(str, BAUD_CODES))}")
    names = ToolNames(uri, _one(uri, options, "probe"), _one(uri, options, "reference"))

    def deliver(reading: Reading, moment: float) -> None:
        if (name := names.name(reading.sensor)) is not None:
            timeline.add(named(reading, name, moment))

    follower = Follower(uri, opener, deliver, now=now)
    return OpenedPoses(TrackedPoses(timeline), (follower,), Provenance(poses_from=uri))


def _imu(
    uri: str, kind: str, port: str, options: dict[str, list[str]], timeline: PoseTimeline, now: Callable[[], float]
) -> OpenedPoses:
    motion = _one(uri, options, "motion")
    if motion is None:
        raise PoseError(
            "knows how the probe turns, not where it is",
            where=uri,
            remedy="declare where it goes: ?motion=fan:radius=20mm (about a point) or ?motion=linear:speed=10mm/s",
        )
    baud, rate = _number(uri, options, "baud", BAUD), _number(uri, options, "rate", 100)
    if rate not in RATES:
        raise PoseError(
            f"sends no {rate} measurements a second", where=uri, remedy=f"use {' or '.join(map(str, RATES))}"
        )
    opener = partial(open_witmotion, port, baud, rate=rate) if kind == "witmotion" else partial(open_bno08x, port, baud)

    def deliver(reading: Reading, moment: float) -> None:
        timeline.add(named(reading, PROBE_TO_REFERENCE, moment))

    return OpenedPoses(
        ImuPoses(timeline, Motion.parse(motion, turned_by_sensor=True)),
        (Follower(uri, opener, deliver, now=now),),
        Provenance(poses_from=uri, poses_declared=f"position by {motion}; orientation measured"),
    )


def _options(uri: str, kind: str, query: str) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS[kind]:
            raise PoseError(
                f"option {name!r} is not known", where=uri, remedy=f"{kind} takes {', '.join(_OPTIONS[kind])}"
            )
        options.setdefault(name, []).append(value)
    return options


def _one(uri: str, options: dict[str, list[str]], name: str) -> str | None:
    values = options.get(name, [])
    if len(values) > 1 or "" in values:
        raise PoseError(f"gives {name} {len(values)} times or empty", where=uri, remedy="give it once")
    return values[0] if values else None


def _number(uri: str, options: dict[str, list[str]], name: str, default: int) -> int:
    text = _one(uri, options, name)
    if text is None:
        return default
    if not (text.isdecimal() and int(text)):
        raise PoseError(f"{name}={text} is not a number above 0", where=uri, remedy=f"give it, such as {default}")
    return int(text)


def _flag(uri: str, options: dict[str, list[str]], name: str) -> bool:
    text = _one(uri, options, name) or "0"
    if text not in ("0", "1"):
        raise PoseError(f"{name}={text} is neither 0 nor 1", where=uri, remedy=f"give {name}=1 or leave it out")
    return text == "1"
