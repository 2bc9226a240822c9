"""Where a probe with a declared motion is: for sensors that measure no position, and where there is no sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apps.stream.input.uris.motions import DeclaredMotion, LinearMotion
from edge_sdk.sweep.declared import fanned, slid


def declared_pose(motion: DeclaredMotion, seconds: float, frame: int) -> NDArray[np.float64]:
    """ProbeToReference (4×4) of a probe that nothing measures; a fan begins at 0°.

    Args:
        motion: The declaration.
        seconds: Time since the start of the sweep, without pauses.
        frame: Number of the frame since the start, 0 first.
    """
    if isinstance(motion, LinearMotion):
        return _only(slid(_amounts(motion.speed, seconds, motion.step, frame), motion.direction))
    return _only(fanned(_amounts(motion.rate, seconds, motion.step, frame), motion.axis, motion.radius))


def measured_pose(
    motion: DeclaredMotion, rotation: NDArray[np.float64], seconds: float, frame: int
) -> NDArray[np.float64]:
    """ProbeToReference (4×4) of a probe whose rotation a sensor measures and whose position is declared.

    Args:
        motion: The declaration; a fan turns about a point at its radius.
        rotation: 3×3 rotation since the start.
        seconds: Time since the start of the sweep, without pauses.
        frame: Number of the frame since the start, 0 first.
    """
    pose = np.eye(4)
    pose[:3, :3] = rotation
    if isinstance(motion, LinearMotion):
        pose[:3, 3] = declared_pose(motion, seconds, frame)[:3, 3]
    else:
        pose[:3, 3] = rotation[:, 1] * motion.radius
    return pose


def _amounts(pace: float | None, seconds: float, step: float | None, frame: int) -> NDArray[np.float64]:
    """How far the probe has gone, mm or degrees, (1,)."""
    return np.array([step * frame if step is not None else (pace or 0.0) * seconds])


def _only(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    pose: NDArray[np.float64] = poses[0]
    return pose
