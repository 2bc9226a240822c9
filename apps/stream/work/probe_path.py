"""The path that the probe took, in few points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP_MM = 0.5
MOST = 2048


class ProbePath:
    """The middle of the upper edge of the inserted frames; a step shorter than a limit adds no point.

    There are at most `MOST` points: when there are as many, every other one goes and the limit doubles.
    """

    def __init__(self, upper_middle: tuple[float, float]) -> None:
        """
        Args:
            upper_middle: The pixel (x, y) that is followed.
        """
        self._pixel = np.array([*upper_middle, 0.0, 1.0])
        self._points: list[NDArray[np.float64]] = []
        self._step = STEP_MM

    def add(self, image_to_world: NDArray[np.float64]) -> None:
        """A frame was inserted here."""
        point = (image_to_world @ self._pixel)[:3]
        if self._points and np.linalg.norm(point - self._points[-1]) < self._step:
            return
        self._points.append(point)
        if len(self._points) >= MOST:
            # Another list: a reader in another thread keeps its own.
            self._points, self._step = self._points[::2], 2 * self._step

    def points(self) -> NDArray[np.float64]:
        """(N, 3) mm."""
        points = list(self._points)
        return np.stack(points) if points else np.empty((0, 3))
