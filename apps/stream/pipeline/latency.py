"""From a frame's time stamp to the mask that contains it."""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from apps.report.part import ReportPart
from apps.stream.pipeline.messages import Touched


@dataclass
class _Waiting:
    touched: Touched
    tiles: set[int]
    started: bool = False


NEWEST = 60
"""Latencies in the running median: two seconds of a usual probe."""
UNSHOWN = 4096
"""Frames that a viewer may not have shown yet and that are still counted when it does."""


class LatencyTracker:
    """Follows every inserted frame until the mask contains it, and until a viewer has drawn that.

    A tile of the mask contains a frame once it was computed from voxels read after the frame's insertion. The
    mask contains the frame *wholly* when that holds for every tile that owns a voxel which the frame reached;
    *first* is the moment of the first such tile.

    Attributes:
        whole: Seconds from a frame's time stamp until the mask contained it wholly, in the order of those moments.
        first: Seconds until the first tile contained it, likewise.
        displayed: Seconds until a viewer had drawn a mask that contained it wholly, likewise.
    """

    def __init__(self) -> None:
        # Eight bytes a frame: a cart may stream all day.
        self.whole, self.first, self.displayed = array("d"), array("d"), array("d")
        self._waiting: dict[int, list[_Waiting]] = defaultdict(list)
        self._unshown: deque[tuple[float, float]] = deque(maxlen=UNSHOWN)

    def newest_ms(self, which: Literal["whole", "displayed"]) -> float | None:
        """Median of the newest latencies, or None before any."""
        values = {"whole": self.whole, "displayed": self.displayed}[which][-NEWEST:]
        return float(np.median(values)) * 1000 if values else None

    def shown(self, moment: float, now: float) -> None:
        """Count the frames that a viewer has drawn for the first time.

        Args:
            moment: The viewer has drawn the mask as it was then, seconds of the clock.
            now: When it was drawn, seconds of the clock.
        """
        while self._unshown and self._unshown[0][0] <= moment:
            self.displayed.append(now - self._unshown.popleft()[1])

    def inserted(self, touched: Touched, tiles: Iterable[int]) -> None:
        """A frame is in the volume, and these tiles own the voxels that it reached."""
        entry = _Waiting(touched, set(tiles))
        for tile in entry.tiles:
            self._waiting[tile].append(entry)

    def retile(self, tiles_of: Callable[[Touched], Iterable[int]], now: float) -> None:
        """The mask has other tiles: frames wait for these now.

        Args:
            tiles_of: Gives the tiles whose labels do not contain a frame yet; none where the mask contains it wholly.
            now: Seconds on the clock of the frames' `due`.
        """
        entries = {id(entry): entry for waiting in self._waiting.values() for entry in waiting}
        self._waiting.clear()
        for entry in sorted(entries.values(), key=lambda entry: entry.touched.order):
            entry.tiles = set(tiles_of(entry.touched))
            for tile in entry.tiles:
                self._waiting[tile].append(entry)
            if not entry.tiles:
                self._progress(entry, now)

    def tile_done(self, tile: int, order: int, now: float) -> None:
        """The mask's `tile` now comes from a volume that held the first `order` frames.

        Args:
            now: Seconds on the clock of the frames' `due`.
        """
        still: list[_Waiting] = []
        for entry in self._waiting.pop(tile, []):
            if entry.touched.order > order:
                still.append(entry)
                continue
            entry.tiles.discard(tile)
            self._progress(entry, now)
        if still:
            self._waiting[tile] = still

    def _progress(self, entry: _Waiting, now: float) -> None:
        """The mask contains a part of a frame, or all of it."""
        if not entry.started:
            entry.started = True
            self.first.append(now - entry.touched.due)
        if not entry.tiles:
            self.whole.append(now - entry.touched.due)
            self._unshown.append((now, entry.touched.due))


class StageStatistics(ReportPart):
    """How long one step of the pipeline took: in all, and per item."""

    name: str
    items: int
    """How often the step was taken."""
    total_s: float
    p50_ms: float
    p95_ms: float
    max_ms: float


class StageTimer:
    """How long each named step took, once per item; threads may share it."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: Gives the current moment, seconds.
        """
        self._now = now
        self._lock = threading.Lock()
        self._seconds: dict[str, array[float]] = defaultdict(lambda: array("d"))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block, also when it raises."""
        start = self._now()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name].append(self._now() - start)

    def statistics(self) -> list[StageStatistics]:
        """One entry per step, in the order in which the steps were first taken."""
        with self._lock:
            seconds = {name: np.array(values) for name, values in self._seconds.items()}
        return [
            StageStatistics(
                name=name,
                items=int(values.size),
                total_s=round(float(values.sum()), 4),
                p50_ms=round(float(np.percentile(values, 50)) * 1000, 3),
                p95_ms=round(float(np.percentile(values, 95)) * 1000, 3),
                max_ms=round(float(values.max()) * 1000, 3),
            )
            for name, values in seconds.items()
        ]
