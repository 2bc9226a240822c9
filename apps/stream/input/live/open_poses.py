"""Pose sources of a live sweep, made of what their URIs say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from apps.stream.input.live.poses import DeclaredPoses, ImuPoses, LivePoses, ToolNames, TrackedPoses, named
from apps.stream.input.uris.poses import ImuUri, LivePosesUri, NdiUri
from apps.stream.input.uris.sources import PeerUri
from edge_sdk.errors import PoseError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE
from edge_sdk.sweep.feeds.igtl import open_igtl
from edge_sdk.sweep.following import Follower
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.trackers.devices import open_bno08x, open_ndi, open_witmotion
from edge_sdk.sweep.trackers.reading import Reading


@dataclass(frozen=True)
class OpenedPoses:
    """Poses, and the devices that give them, which are still to be entered.

    Attributes:
        poses: Poses, asked for the moment of each frame.
        followers: Followers of the devices.
        provenance: Sensor or declaration that the poses come from.
    """

    poses: LivePoses
    followers: tuple[Follower[Any], ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


def open_poses(
    uri: LivePosesUri, timeline: PoseTimeline, now: Callable[[], float], deliver_peer: Callable[[Any, float], None]
) -> OpenedPoses:
    """The poses of a sensor, of an OpenIGTLink peer or of a declaration.

    Args:
        uri: URI of the sensor, peer or declaration.
        timeline: Time line that measured poses are added to.
        now: The stream's clock, seconds.
        deliver_peer: Takes what an OpenIGTLink peer sends, and the moment of its arrival.

    Raises:
        PoseError: A tool's definition cannot be read.
    """
    if isinstance(uri, NdiUri):
        return _ndi(uri, timeline, now)
    if isinstance(uri, ImuUri):
        return _imu(uri, timeline, now)
    if isinstance(uri, PeerUri):
        opener = partial(open_igtl, uri.host, uri.port, image_device=None, now=now)
        followers = (Follower[Any](uri.uri, opener, deliver_peer, now=now),)
        return OpenedPoses(TrackedPoses(timeline), followers, Provenance(poses_from=uri.uri))
    return OpenedPoses(DeclaredPoses(uri), provenance=Provenance(poses_declared=uri.uri))


def _ndi(uri: NdiUri, timeline: PoseTimeline, now: Callable[[], float]) -> OpenedPoses:
    tools = {str(rom): _content(rom) for rom in uri.roms}
    opener = partial(open_ndi, uri.port, uri.baud, tools=tools, binary=not uri.ascii)
    names = ToolNames(uri.uri, uri.probe, uri.reference)

    def deliver(reading: Reading, moment: float) -> None:
        if (name := names.name(reading.sensor)) is not None:
            timeline.add(named(reading, name, moment))

    followers = (Follower(uri.uri, opener, deliver, now=now),)
    return OpenedPoses(TrackedPoses(timeline), followers, Provenance(poses_from=uri.uri))


def _imu(uri: ImuUri, timeline: PoseTimeline, now: Callable[[], float]) -> OpenedPoses:
    if uri.kind == "witmotion":
        opener = partial(open_witmotion, uri.port, uri.baud, rate=uri.rate)
    else:
        opener = partial(open_bno08x, uri.port, uri.baud)

    def deliver(reading: Reading, moment: float) -> None:
        timeline.add(named(reading, PROBE_TO_REFERENCE, moment))

    return OpenedPoses(
        ImuPoses(timeline, uri.motion),
        (Follower(uri.uri, opener, deliver, now=now),),
        Provenance(poses_from=uri.uri, poses_declared=f"position by {uri.motion.uri}; orientation measured"),
    )


def _content(rom: Path) -> bytes:
    try:
        return rom.read_bytes()
    except OSError as cause:
        raise PoseError(f"cannot be read ({cause.strerror})", where=rom, remedy="check the path") from cause
