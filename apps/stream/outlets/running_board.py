"""The board of a stream: what it is doing now, read from its own parts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apps.logs import log_event, logger_of
from apps.stream.core.board import Command, QueueFill, SeenFrame, Slice, Status
from apps.stream.core.clock import Clock
from apps.stream.core.control import StreamControl
from apps.stream.input.sweep_input import SweepInput
from apps.stream.outlets.cuts import labels_on_plane
from apps.stream.work.running import RunningStream
from edge_sdk.errors import EdgeSdkError, StreamError
from edge_sdk.gray_range import windowed
from edge_sdk.metrics import class_ml
from edge_sdk.volume.grid import Box, Extent, Grid, Volume

AMOUNTS_S = 0.5
"""Counting the labels of a large volume takes some milliseconds: not more often than this."""
_AXES = ("x", "y", "z")
_LOGGER = logger_of("stream")


class RunningBoard:
    """See `Board`.

    Attributes:
        title, labels: As of `Board`.
        running: The sweep that runs or has ended; None before the first.
        saved_in: The output folder once everything is in it, or "".
    """

    def __init__(
        self, title: str, labels: Mapping[int, str], source: SweepInput, control: StreamControl, clock: Clock
    ) -> None:
        import psutil

        self.title, self.labels = title, labels
        self.running: RunningStream | None = None
        self.saved_in = ""
        self._source, self._control, self._clock = source, control, clock
        self._process = psutil.Process()
        self._warnings: tuple[str, ...] = ()
        self._amounts: tuple[float, dict[str, float]] = (-np.inf, {})
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget the sweep that has ended: another one begins."""
        self.running, self.saved_in, self._warnings = None, "", ()
        with self._lock:
            self._amounts = (-np.inf, {})

    def warn(self, warnings: Sequence[str]) -> None:
        """Show these, too."""
        self._warnings = (*self._warnings, *warnings)

    def status(self) -> Status:
        running, control = self.running, self._control
        queues, left_out = (running.queues, running.left_out) if running else ([], Counter[str]())
        return Status(
            phase=control.phase,
            elapsed_s=control.running_s,
            frames_read=running.frames.read if running else 0,
            frames_inserted=running.volume.inserted if running else 0,
            frames_dropped=sum(queue.dropped for queue in queues),
            left_out=dict(left_out.most_common()),
            frames_per_second=running.compounding.frames_per_second if running else 0.0,
            latency_ms=running.tracker.newest_ms("whole") if running else None,
            displayed_ms=running.tracker.newest_ms("displayed") if running else None,
            queues=tuple(QueueFill(each.name, len(each), each.capacity, each.policy, each.dropped) for each in queues),
            devices=self._source.devices(),
            warnings=self._warnings,
            class_ml=self._class_ml(),
            rss_mb=self._process.memory_info().rss / 1e6,
            memory_limit_mb=running.memory_limit_mb if running else None,
            problem=control.problem,
            saved_in=self.saved_in,
        )

    def frame(self) -> SeenFrame | None:
        running = self.running
        seen = (running.frames.newest if running else None) or self._source.preview()
        if seen is None or seen.image.dtype == np.uint8:
            return seen
        return replace(seen, image=windowed(seen.image, running.volume.gray_range if running else None))

    def labels_on(self, frame: SeenFrame, step: int) -> NDArray[np.uint8] | None:
        running = self.running
        if running is None or frame.image_to_world is None:
            return None
        shape = (frame.image.shape[0], frame.image.shape[1])
        return self._cut(running, frame.image_to_world, shape, step)

    def changes(self) -> int:
        running = self.running
        return running.segmenting.inferred_live + running.segmenting.inferred_final if running else 0

    def grid(self) -> Grid | None:
        return running.volume.extent.grid if (running := self.running) else None

    def slice(self, axis: Literal["x", "y", "z"], index: int | None) -> Slice | None:
        running = self.running
        if running is None:
            return None
        # All of the picture is of this moment, however far the volume grows meanwhile.
        extent, across = running.volume.extent, _AXES[::-1].index(axis)
        first, last = extent.box.start[across], extent.box.stop[across] - 1
        if index is None:
            probe = self._probe(running, extent)
            index = (first + last + 1) // 2 if probe is None else round(probe[2 - across])
        index = min(max(index, first), last)
        start, stop = list(extent.box.start), list(extent.box.stop)
        start[across], stop[across] = index, index + 1
        voxels, _ = running.volume.read(Box.between(start, stop))
        gray = windowed(np.take(voxels, 0, axis=across), running.volume.gray_range)
        row, column = (each for each in (2, 1, 0) if each != 2 - across)  # world axes of the rows and columns
        plane = np.eye(4)[:, [column, row, 2 - across, 3]]
        plane[2 - across, 3] = index - first
        grid = extent.grid
        return Slice(
            gray=gray,
            labels=self._cut(running, grid.index_to_world @ plane, (gray.shape[0], gray.shape[1])),
            row_mm=grid.spacing[row],
            column_mm=grid.spacing[column],
            index=index,
            extent=extent,
        )

    def path(self) -> NDArray[np.float64]:
        return running.compounding.path.points() if (running := self.running) else np.empty((0, 3))

    def volume(self) -> Volume | None:
        return running.volume.whole() if (running := self.running) else None

    def mask(self) -> Volume | None:
        return running.segmenting.mask() if (running := self.running) else None

    def command(self, name: Command) -> None:
        self._control.command(name)

    def calibrate(self, first: tuple[float, float], second: tuple[float, float], distance_mm: float) -> float:
        self._before_start("calibrated")
        pixels = float(np.hypot(first[0] - second[0], first[1] - second[1]))
        if pixels < 1 or not (np.isfinite(distance_mm) and distance_mm > 0):
            raise StreamError(
                f"two points {pixels:.1f} pixels apart are said to be {distance_mm:g} mm apart",
                remedy="click two different points and give their distance in mm",
            )
        spacing = distance_mm / pixels
        _as_stream_error(lambda: self._source.set_pixel_spacing((spacing, spacing)))
        log_event(_LOGGER, "calibrated", pixel_spacing_mm=f"[{spacing:.5g}, {spacing:.5g}]")
        return spacing

    def crop(self, origin: tuple[int, int], size: tuple[int, int]) -> None:
        self._before_start("cropped")
        _as_stream_error(lambda: self._source.set_crop(origin, size))
        log_event(_LOGGER, "cropped", crop=str([*origin, *size]))

    def now(self) -> float:
        return self._clock.now()

    def displayed(self, moment: float) -> None:
        if (running := self.running) is not None:
            running.tracker.shown(moment, self._clock.now())

    def _cut(
        self, running: RunningStream, plane_to_world: NDArray[np.float64], shape: tuple[int, int], step: int = 1
    ) -> NDArray[np.uint8]:
        labeling = running.segmenting.labeling
        return labels_on_plane(labeling.labels, labeling.grid, plane_to_world, shape, step)

    @staticmethod
    def _probe(running: RunningStream, extent: Extent) -> NDArray[np.float64] | None:
        """Lattice index (x, y, z) of the middle of the newest inserted frame; None before any."""
        if (posed := running.compounding.newest) is None:
            return None
        rows, columns = posed.frame.image.shape[:2]
        middle = posed.image_to_world @ [(columns - 1) / 2, (rows - 1) / 2, 0, 1]
        index: NDArray[np.float64] = (np.linalg.inv(extent.lattice_to_world) @ middle)[:3]
        return index

    def _class_ml(self) -> dict[str, float]:
        if (running := self.running) is None:
            return {}
        labeling = running.segmenting.labeling
        with self._lock:
            taken, amounts = self._amounts
            if self._clock.now() - taken >= AMOUNTS_S:
                amounts = class_ml(labeling.labels, labeling.grid.voxel_ml, self.labels)
                self._amounts = self._clock.now(), amounts
        return amounts

    def _before_start(self, what: str) -> None:
        if self._control.phase != "ready":
            raise StreamError(
                f"a sweep that is {self._control.phase} cannot be {what}", remedy="do that before starting the sweep"
            )


def _as_stream_error(act: Callable[[], None]) -> None:
    try:
        act()
    except StreamError:
        raise
    except EdgeSdkError as error:
        raise StreamError(error.what, where=error.where, remedy=error.remedy) from error
