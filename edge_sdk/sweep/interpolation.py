"""Poses at other times than those at which they were measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.quaternions import from_rotations, to_rotations
from edge_sdk.sweep.sweep import MISSING, OK, TrackedTransform

SAME_TIME_S = 1e-6
"""Times that are nearer than this are one time: far below a tracker's period, far above what adding a lag rounds."""
_SINGULAR = 1e-15

Floats = NDArray[np.float64]


def interpolate(transform: TrackedTransform, times: Floats, at: Floats, *, max_gap: float) -> TrackedTransform:
    """The poses of `transform` at other times: rotation by SLERP on the shortest arc, translation linear.

    Only samples with status OK, a finite time and a finite matrix with an inverse count; the others are as if they
    were not there, so that a dropout no longer than `max_gap` is bridged. Samples are taken in order of time,
    whatever their order in the file; of several at one time the first in the file counts, as PLUS's buffer drops a
    later item with a time that it already has. A time within a microsecond of a sample takes that sample's matrix
    unchanged, also where its neighbors are far. Nothing is extrapolated.

    Rotations as trackers write them are not quite orthonormal: each is split into the nearest rotation and a stretch
    close to 1 (polar decomposition), the former interpolated by SLERP (Shoemake 1985), the latter linearly, so that
    the result passes through the samples without a jump. Exactly half a turn between two samples has no shortest
    arc; one of the two is taken, always the same.

    Args:
        transform: M poses.
        times: (M,) seconds of the poses; NaN where unknown.
        at: (N,) seconds wanted, in any order; NaN gives no pose.
        max_gap: Seconds; two samples further apart than this are not interpolated between.

    Returns:
        N poses in the order of `at`; NaN with status MISSING where there is no telling.

    Raises:
        PoseError: The lengths do not match, or `max_gap` is not a number of at least 0.
    """
    times, at = np.asarray(times, np.float64), np.asarray(at, np.float64)
    if times.ndim != 1 or at.ndim != 1 or not len(times) == len(transform.matrices) == len(transform.status):
        raise PoseError(
            f"{len(transform.matrices)} poses with {len(transform.status)} statuses and {times.shape} times, "
            f"wanted at {at.shape} times: expected one status and one time for each pose"
        )
    if not max_gap >= 0:
        raise PoseError(f"the maximum gap is {max_gap} s, expected at least 0", remedy="give for example 0.2")
    samples = _samples(transform, times)
    matrices = np.full((len(at), 4, 4), np.nan)
    if len(samples):
        known, poses = times[samples], transform.matrices[samples]
        asked = np.isfinite(at)
        before, after = _neighbors(known, np.where(asked, at, known[0]))
        exact = asked & (abs(known[before] - at) <= SAME_TIME_S)
        matrices[exact] = poses[before[exact]]
        between = asked & ~exact & (after > before) & (known[after] - known[before] <= max_gap)
        if between.any():
            first, second = before[between], after[between]
            fraction = (at[between] - known[first]) / (known[second] - known[first])
            matrices[between] = _between(poses[first], poses[second], fraction)
    found = np.isfinite(matrices).all((1, 2))
    return TrackedTransform(matrices, tuple(np.where(found, OK, MISSING).tolist()))


def _samples(transform: TrackedTransform, times: Floats) -> NDArray[np.intp]:
    """Indices of the samples that count, in order of time, one a time."""
    finite = np.isfinite(transform.matrices).all((1, 2)) & np.isfinite(times)
    ok = finite & np.array([status == OK for status in transform.status], bool)
    ok[ok] = abs(np.linalg.det(transform.matrices[ok])) > _SINGULAR
    order = np.flatnonzero(ok)
    # np.unique gives the first index of each value.
    return order[np.unique(times[order], return_index=True)[1]]


def _neighbors(known: Floats, at: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each time the samples around it; twice the nearest where it is at a sample or beyond the ends."""
    after = np.clip(np.searchsorted(known, at), 0, len(known) - 1)
    before = np.clip(after - 1, 0, None)
    nearest = np.where(abs(known[before] - at) <= abs(known[after] - at), before, after)
    alone = (abs(known[nearest] - at) <= SAME_TIME_S) | (at < known[0]) | (at > known[-1])
    return np.where(alone, nearest, before), np.where(alone, nearest, after)


def _between(first: Floats, second: Floats, fraction: Floats) -> Floats:
    """(K, 4, 4) poses at `fraction` of the way; NaN where one of the two mirrors and the other does not."""
    result = np.tile(np.eye(4), (len(fraction), 1, 1))
    result[:, :3, 3] = _linear(first[:, :3, 3], second[:, :3, 3], fraction[:, None])
    (rotation_a, stretch_a), (rotation_b, stretch_b) = _polar(first[:, :3, :3]), _polar(second[:, :3, :3])
    rotation = _slerp(from_rotations(rotation_a), from_rotations(rotation_b), fraction)
    result[:, :3, :3] = to_rotations(rotation) @ _linear(stretch_a, stretch_b, fraction[:, None, None])
    mirrored = np.linalg.det(stretch_a) * np.linalg.det(stretch_b) < 0
    result[mirrored] = np.nan
    return result


def _linear(first: Floats, second: Floats, fraction: Floats) -> Floats:
    return first * (1 - fraction) + second * fraction


def _polar(matrices: Floats) -> tuple[Floats, Floats]:
    """(K, 3, 3) proper rotations and symmetric stretches, whose product is `matrices`; a mirror is in the stretch."""
    left, sizes, right = np.linalg.svd(matrices)
    rotation = left @ right
    stretch = np.swapaxes(right, 1, 2) @ (sizes[..., None] * right)
    sign = np.sign(np.linalg.det(rotation))[:, None, None]
    return rotation * sign, stretch * sign


def _slerp(first: Floats, second: Floats, fraction: Floats) -> Floats:
    """(K, 4) unit quaternions on the shorter arc."""
    second = np.where((first * second).sum(1, keepdims=True) < 0, -second, second)
    # The arc tangent keeps its digits where the arc cosine of a product near 1 loses half of them.
    angle = 2 * np.arctan2(np.linalg.norm(second - first, axis=1), np.linalg.norm(second + first, axis=1))

    def weight(part: Floats) -> Floats:
        """sin(part · angle) / sin(angle), without dividing by 0."""
        share: Floats = part * np.sinc(part * angle / np.pi) / np.sinc(angle / np.pi)
        return share[:, None]

    return first * weight(1 - fraction) + second * weight(fraction)
