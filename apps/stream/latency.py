"""From a frame's time stamp to the mask that contains it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apps.stream.messages import Touched


@dataclass
class _Waiting:
    touched: Touched
    tiles: set[int]
    started: bool = False


@dataclass
class LatencyTracker:
    """Follows every inserted frame until the mask contains it.

    A tile of the mask contains a frame once it was computed from voxels read after the frame's insertion. The
    mask contains the frame *wholly* when that holds for every tile that owns a voxel which the frame reached;
    *first* is the moment of the first such tile.

    Attributes:
        whole: Frame number → seconds from its time stamp until the mask contained it wholly.
        first: Frame number → seconds until the first tile contained it.
    """

    whole: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    _waiting: dict[int, list[_Waiting]] = field(default_factory=lambda: defaultdict(list))

    def inserted(self, touched: Touched, tiles: Iterable[int]) -> None:
        """A frame is in the volume, and these tiles own the voxels that it reached."""
        entry = _Waiting(touched, set(tiles))
        for tile in entry.tiles:
            self._waiting[tile].append(entry)

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
            if not entry.started:
                entry.started = True
                self.first[entry.touched.index] = now - entry.touched.due
            entry.tiles.discard(tile)
            if not entry.tiles:
                self.whole[entry.touched.index] = now - entry.touched.due
        if still:
            self._waiting[tile] = still


class StageTimer:
    """How long each named step took, once per item; threads may share it."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: Seconds.
        """
        self._now = now
        self._lock = threading.Lock()
        self._seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block, also when it raises."""
        start = self._now()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name].append(self._now() - start)

    def described(self) -> list[dict[str, Any]]:
        """Per step: name, items, total seconds, and milliseconds per item (p50, p95, max)."""
        with self._lock:
            seconds = {name: np.array(values) for name, values in self._seconds.items()}
        return [
            {
                "name": name,
                "items": int(values.size),
                "total_s": round(float(values.sum()), 4),
                "p50_ms": round(float(np.percentile(values, 50)) * 1000, 3),
                "p95_ms": round(float(np.percentile(values, 95)) * 1000, 3),
                "max_ms": round(float(values.max()) * 1000, 3),
            }
            for name, values in seconds.items()
        ]
