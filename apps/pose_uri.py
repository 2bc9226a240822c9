"""Pose URIs: what `--poses` understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_sdk.errors import PoseError
from edge_sdk.sweep.declared import fan_sweep, linear_sweep
from edge_sdk.sweep.sweep import Sweep

WORKS = (
    "csv:FILE, sweep:FILE, linear:speed=10mm/s[,direction=-z], linear:step=0.5mm, "
    "fan:rate=10deg/s[,axis=x|y][,radius=20mm] or fan:step=0.5deg"
)
_UNITS = {
    "linear": {"speed": "mm/s", "step": "mm"},
    "fan": {"rate": "deg/s", "step": "deg", "radius": "mm"},
}
_WORDS = {"linear": ("direction",), "fan": ("axis",)}
_DECLARATIONS: dict[str, Callable[..., Sweep]] = {"linear": linear_sweep, "fan": fan_sweep}
_NUMBER = re.compile(r"\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(\S*)\s*", re.IGNORECASE)


def recorded_poses(uri: str) -> Sweep | None:
    """The poses of `csv:FILE` or `sweep:FILE`; None for a declared sweep.

    Raises:
        EdgeSdkError: Another kind of URI, or the file cannot be read.
    """
    kind, _, rest = uri.partition(":")
    if kind in _DECLARATIONS:
        return None
    if kind not in ("csv", "sweep") or not rest:
        raise PoseError("is not a pose URI that is known", where=uri or "--poses", remedy=f"use {WORKS}")
    if kind == "csv":
        from edge_sdk.sweep.formats.pose_table import read_pose_table

        return read_pose_table(Path(rest))
    from edge_sdk.sweep.formats import read_sweep

    return read_sweep(Path(rest))


def with_declared_poses(sweep: Sweep, uri: str) -> Sweep:
    """The sweep with the poses of `linear:…` or `fan:…`.

    Raises:
        PoseError: An option is unknown or impossible.
    """
    kind, options = declaration(uri)
    return _DECLARATIONS[kind](sweep, **options)


def declaration(uri: str) -> tuple[str, dict[str, Any]]:
    """ "linear" or "fan", and the options of `linear_sweep` or `fan_sweep`.

    Raises:
        PoseError: Another kind, or an option is unknown or impossible.
    """
    kind, _, rest = uri.partition(":")
    if kind not in _DECLARATIONS:
        raise PoseError("declares no motion", where=uri, remedy=f"use {WORKS}")
    options: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        name, equals, value = part.partition("=")
        if not equals or name in options or name not in (*_UNITS[kind], *_WORDS[kind]):
            raise PoseError(f"option {part!r} is not known or given twice", where=uri, remedy=f"use {WORKS}")
        options[name] = value if name in _WORDS[kind] else _number(uri, name, value, _UNITS[kind][name])
    return kind, options


def _number(uri: str, name: str, text: str, unit: str) -> float:
    match = _NUMBER.fullmatch(text)
    try:
        if match and match[2] in ("", unit):
            return float(match[1])
    except ValueError:
        pass
    raise PoseError(f"{name}={text} is not a number of {unit}", where=uri, remedy=f"use {WORKS}")
