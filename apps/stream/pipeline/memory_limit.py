"""The most memory that a stream will take, stated before its first frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from apps.stream.core.volume_plan import VolumePlan
from apps.stream.pipeline.queues import BoundedQueue
from edge_sdk.errors import GeometryError
from edge_sdk.volume.extent import memory_needed, size_text, usable_memory

SLACK_MB = 200.0
"""Of runtimes and allocators, which keep what they once had, and of the outputs while they are written."""
FRAME_QUEUES = ("frames", "posed frames", "recorded frames")


def memory_limit_mb(plan: VolumePlan, queues: Sequence[BoundedQueue[Any]], held: int) -> float:
    """Resident memory now, plus full queues, the volume with its read-outs, and what else is held; MB (10⁶).

    Args:
        plan: Of the volume.
        queues: Of the stream.
        held: Bytes, by the segmenter and by those who follow the stream.

    Raises:
        GeometryError: The device has not so much.
    """
    import psutil

    frame = math.prod(plan.frame_shape)
    queued = sum(queue.capacity for queue in queues if queue.name in FRAME_QUEUES) * frame
    volume = memory_needed(plan.grid, plan.settings.bytes_per_voxel)
    needed = queued + volume + held + SLACK_MB * 1e6
    if needed > (usable := usable_memory()):
        raise GeometryError(
            f"the stream needs {size_text(needed)} of memory beside what it has, {size_text(usable)} may be used",
            remedy="use a smaller volume (--around, --box) or a coarser --spacing",
        )
    now: int = psutil.Process().memory_info().rss
    return (now + needed) / 1e6
