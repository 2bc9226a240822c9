"""What travels between the stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.recording.recorder import Poses
from edge_sdk.volume.grid import Box

SKIPPED = "skip interval"
"""Reason why a frame is left out: PLUS's SkipInterval passes every n-th frame only."""


@dataclass(frozen=True)
class Frame:
    """An image as a source gives it.

    Attributes:
        index: Number of the frame in the sweep.
        image: (H, W) pixels, MF orientation.
        due: The frame's time stamp on the stream's clock, seconds: latencies count from here.
        elapsed: Seconds of the sweep until then, without pauses.
    """

    index: int
    image: NDArray[Any]
    due: float
    elapsed: float = 0.0


@dataclass(frozen=True)
class Recorded:
    """A frame with all that a recording keeps of it; see `edge_sdk.sweep.recording.recorder.SweepRecorder.add`."""

    image: NDArray[Any]
    timestamp: float
    poses: Poses
    image_status: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class PosedFrame:
    """A frame and its usable pose."""

    frame: Frame
    image_to_world: NDArray[np.float64]


@dataclass(frozen=True)
class Touched:
    """A frame is in the volume.

    Attributes:
        index: Number of the frame.
        due: Moment of the frame's time stamp, as in `Frame`.
        box: Voxels that it changed, holes that it filled included.
        order: How many frames were in the volume after it.
    """

    index: int
    due: float
    box: Box
    order: int
