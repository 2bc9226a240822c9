"""URIs of declared motions: how an operator or a motor is said to move the probe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from apps.stream.input.uris.options import Options, pairs_of
from edge_sdk.errors import PoseError

MOTION_SYNTAX = (
    "linear:speed=10mm/s[,direction=-z], linear:step=0.5mm, "
    "fan:rate=10deg/s[,axis=x|y][,radius=20mm] or fan:step=0.5deg"
)
DECLARED_SCHEMES = ("linear", "fan")


@dataclass(frozen=True)
class LinearMotion:
    """The probe slides along a straight line; see `edge_sdk.sweep.declared.linear_sweep`.

    Attributes:
        speed: mm/s, or None.
        step: mm from frame to frame, instead of `speed`, or None.
        direction: "x", "y" or "z" of the probe, with a sign if need be.
        uri: The URI as it was given.
    """

    speed: float | None = None
    step: float | None = None
    direction: str = "z"
    uri: str = field(default="", compare=False)


@dataclass(frozen=True)
class FanMotion:
    """The probe turns about an axis that stands still; see `edge_sdk.sweep.declared.fan_sweep`.

    Attributes:
        rate: Degrees per second, or None.
        step: Degrees from frame to frame, instead of `rate`, or None.
        axis: "x" or "y" of the probe.
        radius: mm from the axis to the probe's origin.
        uri: The URI as it was given.
    """

    rate: float | None = None
    step: float | None = None
    axis: Literal["x", "y"] = "x"
    radius: float = 0.0
    uri: str = field(default="", compare=False)


DeclaredMotion = LinearMotion | FanMotion


def parse_motion(uri: str) -> DeclaredMotion:
    """Understand `linear:…` or `fan:…`, which says all of the motion.

    Raises:
        PoseError: Another scheme, an option is unknown or impossible, or not exactly one of speed (or rate) and step
            is given.
    """
    motion = _parse(uri)
    pace, name = (motion.speed, "speed") if isinstance(motion, LinearMotion) else (motion.rate, "rate")
    given = [value for value in (pace, motion.step) if value is not None]
    if len(given) != 1 or given[0] == 0:
        raise PoseError(
            f"declares {len(given)} of {name} and step other than 0",
            where=uri,
            remedy="give one, such as linear:speed=10mm/s or fan:rate=10deg/s",
        )
    return motion


def parse_measured_motion(uri: str) -> DeclaredMotion:
    """Understand what is declared beside a sensor that measures how the probe turns.

    Raises:
        PoseError: As `parse_motion`, but a fan may have a radius only.
    """
    if not uri.startswith("fan:"):
        return parse_motion(uri)
    motion = _parse(uri)
    if motion != FanMotion(radius=motion.radius if isinstance(motion, FanMotion) else 0.0):
        raise PoseError("a sensor measures how the probe turns", where=uri, remedy="give fan: with a radius at most")
    return motion


def _parse(uri: str) -> DeclaredMotion:
    scheme, _, rest = uri.partition(":")
    known = {"linear": ("speed", "step", "direction"), "fan": ("rate", "step", "axis", "radius")}.get(scheme)
    if known is None:
        raise PoseError("declares no motion", where=uri, remedy=f"use {MOTION_SYNTAX}")
    options = Options(uri, pairs_of(rest, ","), known, error=PoseError, remedy=f"use {MOTION_SYNTAX}")
    if scheme == "linear":
        direction = options.text("direction") or "z"
        if direction.lstrip("+-") not in ("x", "y", "z"):
            raise options.wrong(f"direction={direction} is not x, y or z of the probe")
        return LinearMotion(options.number("speed", "mm/s"), options.number("step", "mm"), direction, uri)
    axis, radius = options.one_of("axis", ("x", "y")), options.number("radius", "mm") or 0.0
    if axis == "y" and radius:
        raise options.wrong("a fan about y has no radius")
    return FanMotion(
        options.number("rate", "deg/s"), options.number("step", "deg"), "y" if axis == "y" else "x", radius, uri
    )
