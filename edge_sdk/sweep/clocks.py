"""Whether the clocks of a recording's frames and of its poses agree in unit and in start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sweep import OK
from edge_sdk.sweep.timing import examine_times
from edge_sdk.sweep.warning import SweepWarning

_UNITS = (("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))
_ALIKE = (0.25, 4.0)
"""Durations of two recordings of one sweep differ by less than this factor."""
_MANY = 0.5
"""Share of frames without a pose from which it is worth a warning."""

Floats = NDArray[np.float64]


def unit_mismatch(frames: Floats, poses: Floats) -> str:
    """How the clock of one of the two is probably wrong; "" where nothing suggests it.

    Two recordings of one sweep last about as long as each other. Where they do so only after division by a thousand,
    a million or a billion, one of them is not in seconds.

    Args:
        frames: (N,) time stamps of the frames, taken as seconds; NaN where unknown.
        poses: (M,) time stamps of the poses, likewise.
    """
    lasts, pose_lasts = _duration(frames), _duration(poses)
    if not (lasts > 0 and pose_lasts > 0) or _alike(pose_lasts / lasts):
        return ""
    for unit, factor in _UNITS:
        if _alike(pose_lasts / factor / lasts):
            return f"the time stamps of the poses are in {unit}, not in seconds"
        if _alike(lasts / factor / pose_lasts):
            return f"the time stamps of the frames are in {unit}, not in seconds"
    return ""


def joining_remarks(
    frames: Floats, poses: Floats, statuses: Iterable[Sequence[str]], max_gap: float
) -> tuple[SweepWarning, ...]:
    """What to say where most frames of a recording got no pose from another one.

    Args:
        frames: (N,) times of the frames on the poses' clock.
        poses: (M,) times of the poses.
        statuses: Of each transform, the status that the N frames got.
        max_gap: Seconds between poses that were still interpolated.
    """
    missing = sum(any(status != OK for status in frame) for frame in zip(*statuses, strict=True))
    report = examine_times(poses)
    slow = report.likely_unit != "s"
    if missing <= _MANY * len(frames) and not slow:
        return ()
    unit = unit_mismatch(frames, poses)
    if slow and not unit:
        unit = f"the time stamps of the poses are in {report.likely_unit}, not in seconds"
    step = f"{report.step_s:.4g} s apart" if report.step_s else "not one after the other"
    return (
        SweepWarning(
            f"{missing} of {len(frames)} frames get no pose: the poses are {step}, at most {max_gap:g} s are bridged",
            unit or "the poses are of another time than the frames, are too far apart, or were not tracked",
            "write all times in seconds" if unit else "look at the two clocks (inspect), --lag and --max-gap",
        ),
    )


def _duration(times: Floats) -> float:
    known = times[np.isfinite(times)]
    return float(np.ptp(known)) if len(known) else 0.0


def _alike(ratio: float) -> bool:
    return _ALIKE[0] <= ratio <= _ALIKE[1]
