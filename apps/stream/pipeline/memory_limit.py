"""The most memory that a stream will take, stated before its first frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from apps.stream.core.volume_plan import VolumePlan
from apps.stream.pipeline.queues import AnyQueue
from edge_sdk.errors import GeometryError
from edge_sdk.volume.extent import memory_needed, size_text, usable_memory
from edge_sdk.volume.grid import Grid

SLACK_MB = 200.0
"""Of runtimes and allocators, which keep what they once had, and of the outputs while they are written."""
FRAME_QUEUES = ("frames", "posed frames", "recorded frames")


class StreamMemory:
    """The resident memory that a stream takes, by the size of its volume, and the limit that it keeps.

    Attributes:
        limit_mb: Resident memory that the process will not exceed, MB (10⁶); 0 before `state`.
    """

    def __init__(
        self,
        plan: VolumePlan,
        queues: Sequence[AnyQueue],
        held: Callable[[Grid], int],
        max_memory: int | None = None,
    ) -> None:
        """
        Args:
            plan: Plan of the volume that the frames fill.
            queues: All queues of the stream; those that hold frames count, at their capacity.
            held: Bytes that the segmenter and those who follow the stream hold with a volume on this grid.
            max_memory: Bytes of resident memory that the process may take at most; None: what the device has.
        """
        frame = math.prod(plan.frame_shape) * plan.pixel_type.itemsize
        self._queued = sum(queue.capacity for queue in queues if queue.name in FRAME_QUEUES) * frame
        self._plan, self._held, self._max_memory = plan, held, max_memory
        self._usable, self.limit_mb = 0, 0.0

    def state(self, grid: Grid, bytes_beside: int = 0) -> None:
        """Decide on the limit: what a fixed volume takes, and for one that grows what may be used.

        Args:
            grid: The volume's at the start.
            bytes_beside: That its voxels take beside the grid.

        Raises:
            GeometryError: Not even a volume on this grid stays within what may be used.
        """
        import psutil

        now: int = psutil.Process().memory_info().rss
        usable, remedy = usable_memory(), "use a smaller volume (--around, --box) or a coarser --spacing"
        if self._max_memory is not None and self._max_memory - now < usable:
            usable, remedy = max(0, self._max_memory - now), f"{remedy}, or give a larger --max-memory"
        if (needed := self._needed(grid, bytes_beside)) > usable:
            raise GeometryError(
                f"the stream needs {size_text(needed)} of memory beside what it has, {size_text(usable)} may be used",
                remedy=remedy,
            )
        self._usable = usable
        self.limit_mb = (now + (usable if self._plan.grows else needed)) / 1e6

    def fits(self, grid: Grid, bytes_beside: int) -> bool:
        """Whether the stream stays within the limit once its volume has grown to `grid`; arguments as of `state`."""
        return self._needed(grid, bytes_beside) <= self._usable

    def _needed(self, grid: Grid, bytes_beside: int) -> float:
        """Bytes beside what the process had at the start."""
        volume = memory_needed(grid, self._plan.settings.bytes_per_voxel(self._plan.pixel_type))
        return self._queued + volume + self._held(grid) + bytes_beside + SLACK_MB * 1e6
