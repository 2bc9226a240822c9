"""How the probe moves, from the poses of a tracked recording."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge_sdk.errors import PoseError
from edge_sdk.sweep.image_motion import Floats, MotionSignal, rates
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.transforms import TransformGraph, split_name

_LEAST_TRAVEL_MM, _LEAST_TURN = 1.0, 0.02


@dataclass(frozen=True)
class ProbeMotion:
    """The probe's path.

    Attributes:
        transform: Which transform was followed, such as "ProbeToReference".
        times: (N,) seconds, increasing.
        matrices: (N, 4, 4).
    """

    transform: str
    times: Floats
    matrices: Floats

    @property
    def rotations(self) -> Floats:
        """(N, 3, 3), without the scale that ImageTo… transforms carry."""
        turns = self.matrices[:, :3, :3]
        rotations: Floats = turns / np.linalg.norm(turns, axis=1, keepdims=True)
        return rotations

    @property
    def travel_mm(self) -> float:
        """Length of the way along the principal axis, between its ends, in mm."""
        return float(np.ptp(self.position().values))

    def position(self) -> MotionSignal:
        """Where the probe is along the axis of its largest motion, mm: what PLUS takes (principal components)."""
        places = self.matrices[:, :3, 3] - self.matrices[:, :3, 3].mean(0)
        axis = np.linalg.svd(places, full_matrices=False)[2][0]
        return MotionSignal(self.times, (places @ axis)[:, None], np.ones(len(places)))

    def velocity(self) -> MotionSignal:
        """(N - 1, 6) velocity as seen from the probe, mm/s, and turning rate, rad/s: columns that do not move are 0."""
        turn = self.rotations
        back = np.swapaxes(turn[:-1], 1, 2)
        moved = np.einsum("nij,nj->ni", back, np.diff(self.matrices[:, :3, 3], axis=0))
        turned = back @ turn[1:]
        skew = (turned - np.swapaxes(turned, 1, 2)) / 2
        return rates(self.times, np.column_stack([moved, skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]]))

    def speed(self) -> MotionSignal:
        """(N - 1, 1) speed of the probe, mm/s."""
        return rates(self.times, np.linalg.norm(np.diff(self.matrices[:, :3, 3], axis=0), axis=1, keepdims=True))


def probe_motion(tracker: Sweep, transform: str | None = None) -> ProbeMotion:
    """The path of the probe, from the frames whose poses are OK, in order of time.

    Args:
        tracker: A tracked or tracking-only recording; whether its images are OK does not matter.
        transform: What to follow, composed where the recording has only parts of it; default ProbeToReference, else
            ProbeToTracker, else the only transform that starts at Probe, else the only one there is.

    Raises:
        PoseError: There is no such transform, or the probe does not move.
    """
    transform = transform or _default_transform(tracker)
    source, destination = split_name(transform)
    poses = image_to_world(replace(tracker, image_status=()), image=source, world=destination)
    usable = np.flatnonzero(poses.usable & np.isfinite(tracker.timestamps))
    usable = usable[np.unique(tracker.timestamps[usable], return_index=True)[1]]
    if len(usable) < 3:
        raise PoseError(
            f"has {len(usable)} poses with a time, which is no motion",
            where=tracker.source,
            remedy="record for at least 10 s while the probe moves to and fro",
        )
    motion = ProbeMotion(transform, tracker.timestamps[usable], poses.matrices[usable])
    if motion.travel_mm < _LEAST_TRAVEL_MM and np.ptp(motion.rotations, 0).max() < _LEAST_TURN:
        raise PoseError(
            f"{transform} moves by only {motion.travel_mm:.2f} mm",
            where=tracker.source,
            remedy="move the probe to and fro while recording, or name the transform that moves (--transform)",
        )
    return motion


def _default_transform(tracker: Sweep) -> str:
    names = sorted(tracker.transforms)
    graph = TransformGraph({name: np.eye(4) for name in names})
    for destination in ("Reference", "Tracker"):
        try:
            graph.path("Probe", destination)
        except PoseError:
            continue
        return f"ProbeTo{destination}"
    of_probe = [name for name in names if name.startswith("ProbeTo")]
    for choice in (of_probe, names):
        if len(choice) == 1:
            return choice[0]
    what = f"which of its transforms is the probe's is not clear ({', '.join(names)})" if names else "has no poses"
    remedy = "name one, such as --transform ProbeToTracker" if names else "give the tracker's recording"
    raise PoseError(what, where=tracker.source, remedy=remedy)
