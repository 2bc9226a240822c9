"""Poses of a sweep that was not tracked, from how the operator or a motor is said to have moved the probe.

They are as true as what is declared. The header says so ("PosesDeclared"), and so does every program that uses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform

DECLARED = "PosesDeclared"
"""Header field of a sweep whose poses are declared: how."""
PROBE_TO_REFERENCE = "ProbeToReference"
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def linear_sweep(
    sweep: Sweep,
    *,
    speed: float | None = None,
    step: float | None = None,
    direction: str | Sequence[float] = "z",
) -> Sweep:
    """The probe slides along a straight line without turning.

    The reference is the probe as it is at the first frame. With the ImageToProbe that is assumed for a known pixel size
    (x to the image's right, y away from the probe), z is the elevational direction: frames lie side by side.

    Args:
        sweep: The recording; ProbeToReference is set.
        speed: mm/s, by the time stamps.
        step: mm from frame to frame; instead of `speed`.
        direction: "x", "y" or "z" of the probe, with a sign if need be, or a vector (x, y, z).

    Raises:
        PoseError: Not exactly one of speed and step, neither finite nor other than 0, no direction, or no time stamps.
    """
    rate, unit, amounts = _amounts(sweep, ("speed", speed), ("step", step), "mm")
    matrices = slid(amounts, direction)
    named = direction if isinstance(direction, str) else " ".join(f"{value:g}" for value in direction)
    return _declare(sweep, matrices, f"linear, {rate:g} {unit} along {named} of the probe")


def fan_sweep(
    sweep: Sweep,
    *,
    rate: float | None = None,
    step: float | None = None,
    axis: Literal["x", "y"] = "x",
    radius: float = 0.0,
) -> Sweep:
    """The probe turns about an axis that stands still, as a tilted hand, a wobbler or a transrectal stepper does.

    The reference is the probe as it is half-way between the first and the last frame, with its origin on the axis.
    About x, which runs along the transducer's face, frames fan out; about y, the beam's direction, they stand like the
    pages of a book around the beam.

    Args:
        sweep: The recording; ProbeToReference is set.
        rate: Degrees per second, by the time stamps; right-handed about the axis.
        step: Degrees from frame to frame; instead of `rate`.
        axis: "x" or "y" of the probe.
        radius: mm from the axis to the probe's origin, along y, for the axis x.

    Raises:
        PoseError: Not exactly one of rate and step, an impossible value, or no time stamps.
    """
    amount, unit, angles = _amounts(sweep, ("rate", rate), ("step", step), "°")
    matrices = fanned(angles - (angles[0] + angles[-1]) / 2, axis, radius)
    about = f"about {axis} of the probe" + (f" at {radius:g} mm" if radius else "")
    return _declare(sweep, matrices, f"fan, {amount:g} {unit} {about}")


def slid(amounts: NDArray[np.float64], direction: str | Sequence[float]) -> NDArray[np.float64]:
    """(N, 4, 4) of a probe that slid by `amounts` (N,) mm along `direction`; see `linear_sweep`."""
    matrices = np.tile(np.eye(4), (len(amounts), 1, 1))
    matrices[:, :3, 3] = amounts[:, None] * _unit_vector(direction)
    return matrices


def fanned(degrees: NDArray[np.float64], axis: str, radius: float) -> NDArray[np.float64]:
    """(N, 4, 4) of a probe that turned by `degrees` (N,) about `axis`; see `fan_sweep`.

    Raises:
        PoseError: Neither of the axes, or an impossible radius.
    """
    if axis not in ("x", "y"):
        raise PoseError(f"the fan's axis is {axis!r}", remedy="give x (along the transducer) or y (along the beam)")
    if not np.isfinite(radius) or (radius and axis == "y"):
        raise PoseError(
            f"the fan's radius is {radius:g} mm about {axis}", remedy="give millimeters, and only for the axis x"
        )
    angles = np.radians(degrees)
    cosine, sine = np.cos(angles), np.sin(angles)
    matrices = np.tile(np.eye(4), (len(angles), 1, 1))
    first, second = (1, 2) if axis == "x" else (2, 0)
    matrices[:, first, first] = matrices[:, second, second] = cosine
    matrices[:, second, first], matrices[:, first, second] = sine, -sine
    matrices[:, :3, 3] = matrices[:, :3, 1] * radius if axis == "x" else 0.0
    return matrices


def _amounts(
    sweep: Sweep, by_time: tuple[str, float | None], by_frame: tuple[str, float | None], unit: str
) -> tuple[float, str, NDArray[np.float64]]:
    """The declared number, its unit, and how far each frame is from the first, (N,)."""
    given = [(name, value) for name, value in (by_time, by_frame) if value is not None]
    if len(given) != 1 or not len(sweep):
        raise PoseError(
            f"a declared sweep of {len(sweep)} frames has {len(given)} of {by_time[0]} and {by_frame[0]}",
            where=sweep.source,
            remedy="give one of the two",
        )
    name, value = given[0]
    if not np.isfinite(value) or value == 0:
        raise PoseError(f"the declared {name} is {value:g} {unit}, expected a number other than 0", where=sweep.source)
    if name == by_frame[0]:
        return value, f"{unit}/frame", np.arange(len(sweep), dtype=np.float64) * value
    times = sweep.timestamps
    if not np.isfinite(times).all() or (len(times) > 1 and np.ptp(times) == 0):
        raise PoseError(
            f"has no time stamps, which a declared {name} needs",
            where=sweep.source,
            remedy=f"declare the {by_frame[0]} from frame to frame instead",
        )
    return value, f"{unit}/s", (times - times[0]) * value


def _unit_vector(direction: str | Sequence[float]) -> NDArray[np.float64]:
    if isinstance(direction, str):
        axis = _AXES.get(direction.lstrip("+-"))
        vector = np.zeros(3) if axis is None else np.array(axis) * (-1 if direction.startswith("-") else 1)
    else:
        vector = np.asarray(direction, np.float64)
    length = float(np.linalg.norm(vector))
    if vector.shape != (3,) or not np.isfinite(length) or length == 0:
        raise PoseError(f"the sweep's direction is {direction!r}", remedy="give x, y or z of the probe, such as -z")
    unit: NDArray[np.float64] = vector / length
    return unit


def _declare(sweep: Sweep, matrices: NDArray[np.float64], how: str) -> Sweep:
    tracked = TrackedTransform(matrices, (OK,) * len(sweep))
    return replace(
        sweep, transforms={**sweep.transforms, PROBE_TO_REFERENCE: tracked}, header={**sweep.header, DECLARED: how}
    )
