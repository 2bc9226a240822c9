"""When the frames of a recording arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import EdgeSdkError


@dataclass(frozen=True)
class Pacing:
    """When the frames of a recording arrive.

    Attributes:
        rate: Multiple of the recorded speed, by the recorded time stamps; 0 means as fast as the pipeline takes
            them, and then none is dropped.
        fps: Frames per second instead of the recorded time stamps, or None.
        loops: How often the recording is played, one round after the other.
    """

    rate: float = 1.0
    fps: float | None = None
    loops: int = 1

    @property
    def unpaced(self) -> bool:
        """Whether frames come as fast as the pipeline takes them."""
        return self.fps is None and self.rate == 0

    def offsets(self, timestamps: NDArray[np.float64], *, where: object = None) -> NDArray[np.float64] | None:
        """Seconds from the first frame to each frame's arrival, (N,), never decreasing; None if unpaced.

        Raises:
            EdgeSdkError: The recording's time stamps cannot pace it.
        """
        if self.fps is not None:
            return np.arange(len(timestamps)) / self.fps
        if self.unpaced:
            return None
        if not np.isfinite(timestamps).all() or (len(timestamps) > 1 and np.ptp(timestamps) == 0):
            raise EdgeSdkError(
                "has no time stamps to replay it by", where=where, remedy="say how fast, such as ?fps=30"
            )
        # A frame cannot arrive before an earlier one, whatever its time stamp says.
        seconds: NDArray[np.float64] = np.maximum.accumulate(timestamps - timestamps[0]) / self.rate
        return seconds

    def duration(self, timestamps: NDArray[np.float64]) -> float:
        """Seconds from one round to the next: a mean frame's time longer than the recording."""
        count = len(timestamps)
        if self.fps is not None:
            return count / self.fps
        length = float(np.ptp(timestamps)) if np.isfinite(timestamps).all() else 0.0
        return length / (self.rate or 1.0) * count / max(count - 1, 1)

    def described(self) -> str:
        """For reports."""
        rounds = "" if self.loops == 1 else f", {self.loops} times"
        if self.fps is not None:
            return f"{self.fps:g} frames/s{rounds}"
        return ("as fast as possible" if self.unpaced else f"{self.rate:g} × recorded speed") + rounds
