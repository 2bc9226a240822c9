"""Images of one recording with the poses of another, joined by time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sdk.errors import PoseError
from edge_sdk.sweep.clocks import joining_remarks, unit_mismatch
from edge_sdk.sweep.interpolation import interpolate
from edge_sdk.sweep.sweep import Sweep

MAX_GAP_S = 0.25
"""Poses further apart are not interpolated between: a tracker's dropout, not its rate."""


def with_poses(sweep: Sweep, tracking: Sweep, *, lag: float = 0.0, max_gap: float = MAX_GAP_S) -> Sweep:
    """The frames of `sweep` with the poses that `tracking` has at their times.

    A frame with time stamp t takes the pose at t + lag on the tracking's clock. That is PLUS's sign, and the one of
    `calibrate-time`: positive where the poses come late. A frame whose time lies in a gap of more than `max_gap`, or
    before the first or after the last pose, keeps its place with the status MISSING, and is so left out and counted.

    Args:
        sweep: Frames; its own transforms of the same names are replaced.
        tracking: Poses; the sweep itself, to shift its poses by a lag.
        lag: Seconds.
        max_gap: Seconds.

    Raises:
        PoseError: `tracking` has no poses, a recording has no time stamps, the two have no time in common, or lag or
            gap is impossible.
    """
    if not tracking.transforms:
        raise PoseError("holds no poses", where=tracking.source, remedy="give a recording of a tracker")
    if not np.isfinite(lag):
        raise PoseError(f"the lag is {lag} s, expected a number", remedy="give seconds, such as -0.065")
    at = sweep.timestamps + lag
    _check_overlap(sweep, tracking, lag)
    poses = {
        name: interpolate(transform, tracking.timestamps, at, max_gap=max_gap)
        for name, transform in tracking.transforms.items()
    }
    provenance = replace(sweep.provenance, pose_lag_s=lag) if lag else sweep.provenance
    remarks = sweep.remarks if tracking is sweep else (*sweep.remarks, *tracking.remarks)
    found = joining_remarks(at, tracking.timestamps, [transform.status for transform in poses.values()], max_gap)
    return replace(sweep, transforms={**sweep.transforms, **poses}, provenance=provenance, remarks=(*remarks, *found))


def _check_overlap(sweep: Sweep, tracking: Sweep, lag: float) -> None:
    for recording in (sweep, tracking):
        if not np.isfinite(recording.timestamps).any():
            raise PoseError(
                "has no time stamps, so its frames and poses cannot be joined by time",
                where=recording.source,
                remedy="record them with time stamps, or declare the sweep",
            )
    first, last = np.nanmin(sweep.timestamps) + lag, np.nanmax(sweep.timestamps) + lag
    begin, end = np.nanmin(tracking.timestamps), np.nanmax(tracking.timestamps)
    if last < begin or first > end:
        unit = unit_mismatch(sweep.timestamps, tracking.timestamps)
        together = f"bring the two to one clock; --lag {begin - first + lag:.3f} lets them begin together, if they did"
        raise PoseError(
            f"its frames are from {first:.3f} to {last:.3f} s, the poses from {begin:.3f} to {end:.3f} s: no time in "
            "common" + (f"; probably {unit}" if unit else ""),
            where=sweep.source,
            remedy="write all times in seconds" if unit else together,
        )
