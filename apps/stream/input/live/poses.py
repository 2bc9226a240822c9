"""Where the poses of live frames come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.input.live.declared_motion import declared_pose, measured_pose
from apps.stream.input.uris.motions import DeclaredMotion
from edge_sdk.errors import DeviceError
from edge_sdk.sweep.declared import PROBE_TO_REFERENCE
from edge_sdk.sweep.feeds.items import NamedPose
from edge_sdk.sweep.pose_timeline import PoseTimeline
from edge_sdk.sweep.quaternions import to_rotations
from edge_sdk.sweep.sweep import OK, TrackedTransform
from edge_sdk.sweep.trackers.reading import Reading

Transforms = Mapping[str, TrackedTransform]


class LivePoses(Protocol):
    """Poses at the moments of frames."""

    @property
    def names(self) -> tuple[str, ...]:
        """Transforms that it has given so far, or always gives."""

    def begin(self) -> None:
        """A sweep starts with the next frame."""

    def wait(self, names: tuple[str, ...], moment: float, seconds: float) -> bool:
        """Wait until there are poses of `moment` or later, at most so long; whether there are."""

    def at(self, names: tuple[str, ...], moment: float, elapsed: float, frame: int) -> Transforms:
        """Each of the transforms at a moment, as transforms of one frame.

        Args:
            names: Names of the transforms.
            moment: Seconds on the stream's clock.
            elapsed: Seconds of the sweep until then, without pauses.
            frame: Number of the frame since the start, 0 first.
        """


class TrackedPoses:
    """Poses that devices deliver into a time line.

    Attributes:
        timeline: Time line that holds the poses.
    """

    def __init__(self, timeline: PoseTimeline) -> None:
        self.timeline = timeline

    @property
    def names(self) -> tuple[str, ...]:
        return self.timeline.names

    def begin(self) -> None:
        """Nothing depends on the start."""

    def wait(self, names: tuple[str, ...], moment: float, seconds: float) -> bool:
        return self.timeline.wait_for(names, moment, seconds)

    def at(self, names: tuple[str, ...], moment: float, elapsed: float, frame: int) -> Transforms:  # noqa: ARG002
        return {name: self.timeline.at(name, moment) for name in names}


class ImuPoses(TrackedPoses):
    """A sensor that knows how the probe turns, and a declaration of where it goes."""

    def __init__(self, timeline: PoseTimeline, motion: DeclaredMotion) -> None:
        super().__init__(timeline)
        self._motion = motion
        self._first: NDArray[np.float64] | None = None

    def begin(self) -> None:
        """The probe's orientation at the next frame becomes the reference's."""
        self._first = None

    def at(self, names: tuple[str, ...], moment: float, elapsed: float, frame: int) -> Transforms:
        measured = super().at(names, moment, elapsed, frame)
        return {name: self._placed(each, elapsed, frame) for name, each in measured.items()}

    def _placed(self, measured: TrackedTransform, elapsed: float, frame: int) -> TrackedTransform:
        if measured.status[0] != OK:
            return measured
        rotation = measured.matrices[0, :3, :3]
        if self._first is None:
            self._first = rotation
        pose = measured_pose(self._motion, self._first.T @ rotation, elapsed, frame)
        return TrackedTransform(pose[None], measured.status)


class DeclaredPoses:
    """No sensor: the probe is where the declaration says."""

    names = (PROBE_TO_REFERENCE,)

    def __init__(self, motion: DeclaredMotion) -> None:
        self._motion = motion

    def begin(self) -> None:
        """Nothing is kept from sweep to sweep."""

    def wait(self, names: tuple[str, ...], moment: float, seconds: float) -> bool:  # noqa: ARG002
        """There always is one."""
        return True

    def at(self, names: tuple[str, ...], moment: float, elapsed: float, frame: int) -> Transforms:  # noqa: ARG002
        return {name: TrackedTransform(declared_pose(self._motion, elapsed, frame)[None], (OK,)) for name in names}


def named(reading: Reading, name: str, moment: float) -> NamedPose:
    """A sensor's measurement as the transform `name` from the sensor to the device's frame."""
    matrix = np.full((4, 4), np.nan)
    if reading.status == OK:
        matrix = np.eye(4)
        matrix[:3, :3] = to_rotations(reading.quaternion[None])[0]
        matrix[:3, 3] = reading.position
    return NamedPose(name, matrix, reading.status, moment)


class ToolNames:
    """Which tool of a tracker is the probe, and which the reference."""

    def __init__(self, where: str, probe: str | None, reference: str | None) -> None:
        """
        Args:
            where: The tracker, for errors.
            probe: Handle of the probe's tool; None where it is the only one beside the reference's.
            reference: Handle of the tool that the volume is fixed to; None: the tracker itself is the reference.
        """
        self._where, self._probe, self._reference = where, probe, reference
        self._seen: set[str] = set()

    def name(self, sensor: str) -> str | None:
        """The transform that a tool's pose is; None for a tool that nobody asked for.

        Raises:
            DeviceError: Several tools could be the probe.
        """
        if self._reference is not None and sensor == self._reference:
            return "ReferenceToTracker"
        self._seen.add(sensor)
        if self._probe is None and len(self._seen) > 1:
            raise DeviceError(
                f"tracks tools {', '.join(sorted(self._seen))}",
                where=self._where,
                remedy=f"say which is the probe's, such as ?probe={min(self._seen)}",
            )
        if self._probe is not None and sensor != self._probe:
            return None
        return PROBE_TO_REFERENCE if self._reference is None else "ProbeToTracker"
