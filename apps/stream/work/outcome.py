"""What a stream leaves when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.report.measured import NotMeasured
from apps.report.part import ReportPart
from apps.stream.pipeline.latency import StageStatistics
from apps.stream.pipeline.monitor import Timeline
from apps.stream.pipeline.queues import QueueStatistics
from edge_sdk.errors import StreamError
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.grid import Volume


class FrameCounts(ReportPart):
    """What became of the frames."""

    in_recording: int | NotMeasured
    """Frames of the recording that was replayed."""
    read: int
    """Frames that came from the source."""
    inserted: int
    """Frames that are in the volume."""
    dropped: int
    """Frames dropped because a queue was full."""
    left_out: dict[str, int]
    """Reason → frames that were not inserted for it, the most frequent reason first."""


class TileCounts(ReportPart):
    """How often the network ran."""

    in_volume: int
    """Tiles of the whole volume."""
    inferred_live: int
    """Tiles segmented during the sweep."""
    inferred_final: int
    """Tiles segmented after it."""


@dataclass(frozen=True)
class FinishedSweep:
    """What a stream leaves that ended well.

    Attributes:
        volume: Compounded voxels (D, H, W) of the frames' type.
        mask: Labels (D, H, W) uint8, exact for `volume`.
        seen: Voxels that received a pixel, (D, H, W).
        frames: What became of the frames.
        ended_early: Whether the user ended the sweep before its last frame.
        latency_whole_s: Seconds from each inserted frame's time stamp until the mask contained the whole frame, see
            `LatencyTracker`; never empty.
        latency_first_s: Seconds until the mask contained the first part of the frame, likewise.
        latency_displayed_s: Seconds until a viewer had drawn the frame; empty without a viewer.
        tiles: How often the network ran.
        final_mask_s: Seconds from the last frame's time stamp to the final mask.
        streaming_s: Seconds from the first frame's time stamp to the last's.
        stages: How long each step took.
        queues: How full each queue was.
        timeline: Samples of queues and memory over time.
        warnings: What was found while the stream ran.
        memory_limit_mb: Most resident memory that was stated at the start, MB (10⁶ bytes).
    """

    volume: Volume
    mask: Volume
    seen: NDArray[np.bool_]
    frames: FrameCounts
    ended_early: bool
    latency_whole_s: Sequence[float]
    latency_first_s: Sequence[float]
    latency_displayed_s: Sequence[float]
    tiles: TileCounts
    final_mask_s: float
    streaming_s: float
    stages: list[StageStatistics]
    queues: list[QueueStatistics]
    timeline: Timeline
    warnings: tuple[SweepWarning, ...]
    memory_limit_mb: float


@dataclass(frozen=True)
class FailedSweep:
    """What a stream leaves in which a stage failed.

    Attributes:
        volume: Voxels (D, H, W), of their type, of the frames that were compounded by then.
        frames: What became of the frames.
        failure: Which stage failed, and why.
    """

    volume: Volume
    frames: FrameCounts
    failure: StreamError


StreamOutcome = FinishedSweep | FailedSweep
