"""The devices of a live sweep: opened once, followed as long as the app runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.board import DeviceState
from apps.stream.core.clock import Clock
from apps.stream.input.live.open_poses import OpenedPoses, open_poses
from apps.stream.input.live.poses import TrackedPoses
from apps.stream.input.uris.poses import LIVE_POSES_SYNTAX, LivePosesUri
from apps.stream.input.uris.sources import CameraUri, LiveUri, PeerUri
from edge_sdk.closing import Closing
from edge_sdk.errors import DeviceError, PoseError
from edge_sdk.gray_range import GrayRange, natural_range
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.feeds.camera import open_camera
from edge_sdk.sweep.feeds.igtl import open_igtl
from edge_sdk.sweep.feeds.items import NamedPose, TimedImage
from edge_sdk.sweep.following import Follower
from edge_sdk.sweep.formats.orientation import to_mf
from edge_sdk.sweep.merging import MAX_GAP_S
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.transforms import split_name

FIRST_FRAME_S = 15.0
"""A camera may take so long to open; a grabber without a signal never gives a frame."""
STRANGE = "transforms whose name is not of the form <From>To<To>"


class LiveDevices(Closing):
    """A frame source and where its poses come from; a context manager that follows both.

    Attributes:
        poses: Poses of the sensor, asked for the moment of each frame.
        provenance: Sensor or declaration that the poses come from.
        newest: The image that came last, or None.
        images: Number of images that have come so far.
    """

    def __init__(
        self,
        source: LiveUri,
        poses: LivePosesUri | None,
        clock: Clock,
        *,
        max_gap: float | None = None,
        orientation: str = "MF",
    ) -> None:
        """
        Args:
            source: URI of the source of the images.
            poses: URI of the source of the poses; None: the source of the images sends them.
            clock: Clock of images and poses.
            max_gap: Seconds between poses that are still interpolated; None for the default.
            orientation: PLUS's letters for the images as the source sends them.

        Raises:
            PoseError: A tool's definition cannot be read, or there are no poses.
        """
        self._clock, self._name, self._orientation = clock, source.uri, orientation
        self._timeline = PoseTimeline(max_gap=MAX_GAP_S if max_gap is None else max_gap)
        self._arrived = threading.Condition()
        self._listener: Callable[[TimedImage], None] | None = None
        self.newest: TimedImage | None = None
        self.images = 0
        self._levels = (0.0, 0.0)
        self._strange: Counter[str] = Counter()
        self._source = self._follow(source)
        opened = self._opened_poses(source, poses)
        self.poses, self.provenance, self._sensors = opened.poses, opened.provenance, opened.followers
        self._stack = ExitStack()

    def __enter__(self) -> LiveDevices:
        for follower in (self._source, *self._sensors):
            self._stack.enter_context(follower)
        return self

    def close(self) -> None:
        """Let go of all devices."""
        self._stack.close()

    def listen(self, listener: Callable[[TimedImage], None] | None) -> None:
        """Call this with every image from now on, in the source's thread; None: nobody."""
        self._listener = listener

    def first_image(self, seconds: float = FIRST_FRAME_S) -> TimedImage:
        """The newest image, waiting for the first one.

        Raises:
            DeviceError: None has come by then; says how the source does.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self.newest is not None, seconds)
        if self.newest is None:
            why = self._source.state.why
            raise DeviceError(
                f"gave no image within {seconds:g} s" + (f" ({why})" if why else ""),
                where=self._name,
                remedy="check that it is on and connected",
            )
        return self.newest

    def gray_range(self) -> GrayRange | None:
        """Levels of black and white, by all images that have come so far; None where they are uint8.

        A sweep keeps those of its start: an image alone may be dark, such as one of a probe in the air.
        """
        if self.newest is None or self.newest.image.dtype == np.uint8:
            return None
        return natural_range(*self._levels, self.newest.image.dtype)

    def states(self) -> tuple[DeviceState, ...]:
        """How they do."""
        states = [_state(follower) for follower in (self._source, *self._sensors)]
        last = states[-1]  # of the poses, wherever they come from
        return (*states[:-1], replace(last, errors=dict(Counter(last.errors) + self._strange)))

    def sensor_fails(self) -> str:
        """Why there are no poses now, or ""."""
        for follower in self._sensors or (self._source,):
            if (state := follower.state).condition != "running":
                return f"the pose sensor is {state.condition}"
        return ""

    def sensor_says(self) -> str:
        """What the sensor that gives no poses says for itself, or ""."""
        return next((why for each in self._sensors or (self._source,) if (why := each.state.why)), "")

    def _opened_poses(self, source: LiveUri, poses: LivePosesUri | None) -> OpenedPoses:
        if poses is None and isinstance(source, CameraUri):
            raise PoseError(
                "a camera knows no poses", where=source.uri, remedy=f"give them with --poses: {LIVE_POSES_SYNTAX}"
            )
        if poses is None or (isinstance(poses, PeerUri) and isinstance(source, PeerUri) and source.peer == poses.peer):
            return OpenedPoses(TrackedPoses(self._timeline), provenance=Provenance(poses_from=(poses or source).uri))
        return open_poses(poses, self._timeline, self._clock.now, self._take_pose)

    def _follow(self, source: LiveUri) -> Follower[Any]:
        name, now = source.uri, self._clock.now
        if isinstance(source, CameraUri):
            camera = partial(open_camera, source.camera, size=source.size, fps=source.fps, now=now)
            return Follower(name, camera, self._take_picture, now=now)
        opener = partial(
            open_igtl, source.host, source.port, image_device=source.device, orientation=self._orientation, now=now
        )
        return Follower(name, opener, self._take, now=now)

    def _take_picture(self, item: TimedImage, arrival: float) -> None:
        """A camera does not know how the scanner draws; peers' images are turned where their poses are known."""
        image = to_mf(item.image[None], self._orientation, self._name)[0]
        self._take(replace(item, image=image), arrival)

    def _take(self, item: TimedImage | NamedPose, arrival: float) -> None:
        if isinstance(item, NamedPose):
            return self._take_pose(item, arrival)
        with self._arrived:
            self.newest, self.images = item, self.images + 1
            self._levels = _widened(self._levels, item.image)
            self._arrived.notify_all()
        if (listener := self._listener) is not None:
            listener(item)
        return None

    def _take_pose(self, item: TimedImage | NamedPose, _arrival: float) -> None:
        if not isinstance(item, NamedPose):
            return
        try:
            split_name(item.name)
        except PoseError:  # peers send transforms of all kinds
            self._strange[STRANGE] += 1
        else:
            self._timeline.add(item)


def _state(follower: Follower[Any]) -> DeviceState:
    state = follower.state
    return DeviceState(follower.name, state.condition, state.why, state.losses, dict(state.errors))


def _widened(levels: tuple[float, float], image: NDArray[Any]) -> tuple[float, float]:
    """The least and the greatest level, those of an image included; 8-bit images need none."""
    if image.dtype == np.uint8:
        return levels
    known = np.isfinite(image)
    low, high = (float(found(image, where=known, initial=0)) for found in (np.min, np.max))
    return min(levels[0], low), max(levels[1], high)
