"""What a stream leaves when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import StreamError
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.grid import Volume


@dataclass(frozen=True)
class StreamOutcome:
    """What a stream leaves.

    Attributes:
        volume: Compounded voxels (D, H, W) uint8: the final ones, or what was there when a stage failed.
        mask: Labels (D, H, W) uint8, exact for `volume`; None where a stage failed.
        seen: Voxels that received a pixel, (D, H, W).
        frames: Counts: "in_recording" (None of a live sweep), "read", "inserted", "dropped", "left_out" by reason.
        ended_early: Whether the user ended the sweep before its last frame.
        latency_whole_s, latency_first_s, latency_displayed_s: Seconds per frame, see `LatencyTracker`; the last one
            empty without a viewer.
        tiles: Counts: "in_volume", "inferred_live", "inferred_final".
        final_mask_s: Seconds from the last frame's time stamp to the final mask.
        streaming_s: Seconds from the first frame's time stamp to the last's.
        stages, queues, timeline: For the report.
        warnings: What was found while the stream ran.
        failure: Which stage failed and why, or None.
        memory_limit_mb: Resident memory that was stated at the start as the most.
    """

    volume: Volume
    mask: Volume | None
    seen: NDArray[np.bool_]
    frames: dict[str, Any]
    ended_early: bool
    latency_whole_s: Sequence[float]
    latency_first_s: Sequence[float]
    latency_displayed_s: Sequence[float]
    tiles: dict[str, int]
    final_mask_s: float
    streaming_s: float
    stages: list[dict[str, Any]]
    queues: list[dict[str, Any]]
    timeline: dict[str, Any]
    warnings: tuple[SweepWarning, ...]
    failure: StreamError | None
    memory_limit_mb: float
