"""URIs of poses: what `--poses` takes, of recordings and of live sweeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from apps.stream.input.uris.motions import (
    DECLARED_SCHEMES,
    MOTION_SYNTAX,
    DeclaredMotion,
    parse_measured_motion,
    parse_motion,
)
from apps.stream.input.uris.options import Options, pairs_of
from apps.stream.input.uris.sources import PeerUri, parse_peer
from edge_sdk.errors import PoseError
from edge_sdk.sweep.trackers.devices import BAUD
from edge_sdk.sweep.trackers.ndi_bytes import BAUD_CODES
from edge_sdk.sweep.trackers.witmotion import RATES

RECORDED_POSES_SYNTAX = f"csv:FILE, sweep:FILE, {MOTION_SYNTAX}"
LIVE_POSES_SYNTAX = (
    "ndi:PORT[?probe=0A&reference=0B&rom=FILE&baud=N&ascii=1], witmotion:PORT?motion=fan:radius=20mm or "
    "?motion=linear:speed=10mm/s, bno08x:PORT?motion=…, igtl://HOST:PORT, linear:speed=10mm/s or fan:rate=10deg/s"
)
SENSOR_KEYS = {
    "ndi": ("baud", "probe", "reference", "rom", "ascii"),
    "witmotion": ("baud", "motion", "rate"),
    "bno08x": ("baud", "motion"),
}
"""Scheme of a serial pose sensor → options that its URI takes."""


@dataclass(frozen=True)
class PoseFileUri:
    """Poses that were recorded: `csv:` (a table) or `sweep:` (a tracker's recording).

    Attributes:
        kind: The scheme.
        path: The file.
        uri: The URI as it was given.
    """

    kind: Literal["csv", "sweep"]
    path: Path
    uri: str = field(default="", compare=False)


@dataclass(frozen=True)
class NdiUri:
    """An NDI tracker on a serial port: `ndi:`.

    Attributes:
        port: Name of the serial port.
        probe: Handle of the probe's tool; None where it is the only one beside the reference's.
        reference: Handle of the tool that the volume is fixed to; None: the tracker itself is the reference.
        roms: Files of tool definitions to load into the tracker.
        baud: Speed of the line, baud.
        ascii: Ask for text replies (TX) instead of binary ones (BX).
        uri: The URI as it was given.
    """

    port: str
    probe: str | None = None
    reference: str | None = None
    roms: tuple[Path, ...] = ()
    baud: int = BAUD
    ascii: bool = False
    uri: str = field(default="", compare=False)


@dataclass(frozen=True)
class ImuUri:
    """An orientation sensor on a serial port, and where the probe is declared to go: `witmotion:` or `bno08x:`.

    Attributes:
        kind: The scheme.
        port: Name of the serial port.
        motion: Declared motion of the probe; the sensor measures how it turns.
        baud: Speed of the line, baud.
        rate: Measurements per second to ask for; only of a WitMotion sensor.
        uri: The URI as it was given.
    """

    kind: Literal["witmotion", "bno08x"]
    port: str
    motion: DeclaredMotion
    baud: int = BAUD
    rate: int = 100
    uri: str = field(default="", compare=False)


RecordedPosesUri = PoseFileUri | DeclaredMotion
LivePosesUri = NdiUri | ImuUri | PeerUri | DeclaredMotion
PoseUri = PoseFileUri | NdiUri | ImuUri | PeerUri | DeclaredMotion


def parse_poses(uri: str) -> PoseUri:
    """Understand a pose URI of any kind.

    Raises:
        PoseError: Another scheme, an unknown option, or an impossible value.
        EdgeSdkError: An OpenIGTLink address without a host, or with an impossible port.
    """
    scheme, _, rest = uri.partition(":")
    if scheme in DECLARED_SCHEMES:
        return parse_motion(uri)
    if scheme == "igtl":
        return parse_peer(uri)
    if scheme in ("csv", "sweep") and rest:
        return PoseFileUri("csv" if scheme == "csv" else "sweep", Path(rest), uri)
    if scheme in SENSOR_KEYS:
        return _sensor(uri, scheme, rest)
    raise PoseError(
        "is not a pose URI that is known",
        where=uri or "--poses",
        remedy=f"use {RECORDED_POSES_SYNTAX}; live: {LIVE_POSES_SYNTAX}",
    )


def recorded_poses(uri: PoseUri) -> RecordedPosesUri:
    """The URI, where it can give a recording its poses.

    Raises:
        PoseError: It names a live sensor.
    """
    if isinstance(uri, NdiUri | ImuUri | PeerUri):
        raise PoseError(
            "is a live sensor, which has no poses of a recording",
            where=uri.uri,
            remedy=f"use {RECORDED_POSES_SYNTAX}",
        )
    return uri


def live_poses(uri: PoseUri) -> LivePosesUri:
    """The URI, where it can give a live sweep its poses.

    Raises:
        PoseError: It names a file.
    """
    if isinstance(uri, PoseFileUri):
        raise PoseError(
            "its poses were recorded earlier and cannot be matched to live frames",
            where=uri.uri,
            remedy=f"replay a recording with them, or use {LIVE_POSES_SYNTAX}",
        )
    return uri


def _sensor(uri: str, scheme: str, rest: str) -> NdiUri | ImuUri:
    port, _, query = rest.partition("?")
    keys = SENSOR_KEYS[scheme]
    options = Options(
        uri,
        pairs_of(query, "&"),
        keys,
        repeatable=("rom",),
        error=PoseError,
        remedy=f"{scheme} takes {', '.join(keys)}",
    )
    if not port:
        raise PoseError("names no port", where=uri, remedy="`edge-sdk doctor` lists the ports of this machine")
    return _ndi(uri, port, options) if scheme == "ndi" else _imu(uri, scheme, port, options)


def _ndi(uri: str, port: str, options: Options) -> NdiUri:
    baud = options.whole("baud", BAUD)
    if baud not in BAUD_CODES:
        raise options.wrong(f"{baud} baud is not supported, only {', '.join(map(str, BAUD_CODES))}")
    return NdiUri(
        port,
        probe=options.text("probe"),
        reference=options.text("reference"),
        roms=tuple(map(Path, options.texts("rom"))),
        baud=baud,
        ascii=options.one_of("ascii", ("0", "1")) == "1",
        uri=uri,
    )


def _imu(uri: str, scheme: str, port: str, options: Options) -> ImuUri:
    motion, rate = options.text("motion"), options.whole("rate", 100)
    if motion is None:
        raise PoseError(
            "measures how the probe turns, not where it is",
            where=uri,
            remedy="declare where it goes: ?motion=fan:radius=20mm (about a point) or ?motion=linear:speed=10mm/s",
        )
    if rate not in RATES:
        raise options.wrong(f"{rate} measurements per second are not supported, only {', '.join(map(str, RATES))}")
    return ImuUri(
        "witmotion" if scheme == "witmotion" else "bno08x",
        port,
        parse_measured_motion(motion),
        options.whole("baud", BAUD),
        rate,
        uri,
    )
