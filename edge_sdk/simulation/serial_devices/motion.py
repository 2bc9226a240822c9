"""A pose that changes with time, as every simulated sensor shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class SwingingPose:
    """Turns to and fro about z by 30 degrees and slides along x, in 2 seconds.

    Attributes:
        rate: Measurements per second.
    """

    rate: float = 60.0
    _start: float = field(default_factory=time.monotonic)

    @property
    def number(self) -> int:
        """Of the newest measurement."""
        return int((time.monotonic() - self._start) * self.rate)

    def at(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(4,) quaternion x, y, z, w and (3,) position in mm of a measurement."""
        swing = np.sin(np.pi * number / self.rate)
        half = np.deg2rad(30) * swing / 2
        return np.array([0.0, 0.0, np.sin(half), np.cos(half)]), np.array([20 * swing, -150.25, -1200.5])
