"""How the probe is said to move: for sensors that know no position, and where there is no sensor at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.pose_uri import declaration
from edge_sdk.errors import PoseError
from edge_sdk.sweep.declared import fanned, slid


@dataclass(frozen=True)
class Motion:
    """A declared motion from the start of a sweep on; see `linear_sweep` and `fan_sweep`, but a fan begins at 0°.

    Attributes:
        uri: Such as "linear:speed=10mm/s".
        kind: "linear" or "fan".
        options: Of the declaration.
    """

    uri: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, uri: str, *, turned_by_sensor: bool = False) -> Motion:
        """Understand a declaration.

        Args:
            uri: "linear:…" or "fan:…".
            turned_by_sensor: A sensor gives the rotation: a fan then has a radius only.

        Raises:
            PoseError: An option is unknown, missing or impossible.
        """
        kind, options = declaration(uri)
        motion = cls(uri, kind, options)
        given = [name for name in ("speed", "rate", "step") if name in options]
        if turned_by_sensor and kind == "fan":
            if given or options.get("axis", "x") != "x":
                raise PoseError(
                    "a sensor says how the probe turns", where=uri, remedy="give fan: with a radius at most"
                )
        elif len(given) != 1 or options[given[0]] == 0:
            raise PoseError(
                f"declares {len(given)} of speed, rate and step other than 0",
                where=uri,
                remedy="give one, such as linear:speed=10mm/s or fan:rate=10deg/s",
            )
        motion.at(0.0, 0)
        return motion

    def at(self, seconds: float, frame: int) -> NDArray[np.float64]:
        """ProbeToReference, 4×4, so long after the start, for the frame of this number since."""
        amount = np.array([self._amount(seconds, frame)])
        if self.kind == "linear":
            found = slid(amount, self.options.get("direction", "z"))
        else:
            found = fanned(amount, self.options.get("axis", "x"), self.options.get("radius", 0.0))
        pose: NDArray[np.float64] = found[0]
        return pose

    def turned(self, rotation: NDArray[np.float64], seconds: float, frame: int) -> NDArray[np.float64]:
        """ProbeToReference of a probe that a sensor saw turn by `rotation` (3×3) since the start."""
        pose = np.eye(4)
        pose[:3, :3] = rotation
        if self.kind == "linear":
            pose[:3, 3] = self.at(seconds, frame)[:3, 3]
        else:
            pose[:3, 3] = rotation[:, 1] * self.options.get("radius", 0.0)
        return pose

    def _amount(self, seconds: float, frame: int) -> float:
        if "step" in self.options:
            return float(self.options["step"]) * frame
        return float(self.options.get("speed", self.options.get("rate", 0.0))) * seconds
