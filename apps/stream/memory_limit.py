"""The most memory that a stream will take, stated before its first frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from apps.stream.plan import VolumePlan
from apps.stream.queues import BoundedQueue
from edge_sdk.volume.extent import memory_needed

SLACK_MB = 200.0
"""Of runtimes and allocators, which keep what they once had, and of the outputs while they are written."""
FRAME_QUEUES = ("frames", "posed frames", "recorded frames")


def memory_limit_mb(plan: VolumePlan, queues: Sequence[BoundedQueue[Any]], held_by_segmenter: int) -> float:
    """Resident memory now, plus full queues, the volume with its read-outs, and what the segmenter keeps; MB (10⁶).

    Args:
        plan: Of the volume.
        queues: Of the stream.
        held_by_segmenter: Bytes.
    """
    import psutil

    frame = math.prod(plan.frame_shape)
    queued = sum(queue.capacity for queue in queues if queue.name in FRAME_QUEUES) * frame
    volume = memory_needed(plan.grid, plan.settings.bytes_per_voxel)
    now: int = psutil.Process().memory_info().rss
    return (now + queued + volume + held_by_segmenter) / 1e6 + SLACK_MB
