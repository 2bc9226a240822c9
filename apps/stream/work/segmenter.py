"""Keeps the mask up to date while the volume grows, tile by tile, and makes it exact when the sweep ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from apps.stream.core.clock import Clock
from apps.stream.pipeline.latency import LatencyTracker, StageTimer
from apps.stream.pipeline.messages import Touched
from apps.stream.pipeline.queues import AnyQueue, BoundedQueue
from apps.stream.work.labeling import Labeling
from apps.stream.work.network_view import NetworkView
from apps.stream.work.tile_boxes import TileBoxes, kept_tiles
from edge_sdk.inference.network_grid import NetworkGrid, Places
from edge_sdk.inference.resampling import ReadableVoxels
from edge_sdk.inference.tiling import Tile, TileLattice
from edge_sdk.session import Patch
from edge_sdk.volume.grid import Box, Grid, Volume

MIN_CHANGE = 0.05
"""Mean change of a tile, in gray levels, that is worth an inference while the sweep runs: in a 64³ tile about two
hundred new voxels, or a re-seen plane that changes by 1.6 gray levels. On a sweep of a wire phantom, 0.25 left the
network idle and took 1.8 times the latency."""

MAX_STALE_S = 1.0
"""A tile that changed by less is inferred when nothing else is to do, and after this long nevertheless: no frame waits
for ever, however often the same tissue is swept."""


class TileSegmenter(Protocol):
    """What the stream needs of `edge_sdk.inference.segmenter.VolumeSegmenter`."""

    @property
    def lattice(self) -> TileLattice: ...

    def tiles(self, shape: tuple[int, int, int], /) -> list[Tile]: ...

    def logits(self, voxels: ReadableVoxels, tile: Tile, /) -> Patch: ...

    def labels(self, logits: Patch, places: Places, /) -> NDArray[np.uint8]: ...


class SegmenterStage:
    """Infers stale tiles, nearest to the probe first, and at the end every tile that is not exact.

    A tile's logits depend on its voxels only, and its labels on where the volume's voxels lie among them besides. So
    once each tile was computed from the final voxels, the mask equals `edge_sdk.segment` on the final volume, voxel for
    voxel.

    Where the volume grows, tiles that read the same voxels as before keep their labels.

    Attributes:
        labeling: The labels so far and where they lie; another object once the volume has grown.
        final_volume: The final volume that the mask belongs to; None before the end.
        inferred_live, inferred_final: Tiles computed while the sweep ran, and after it.
        finished_tiles: Tiles known to be exact for the final volume.
        finished_at: Moment on the clock at which the mask was final.
    """

    name = "segmenter"

    def __init__(
        self,
        touched: BoundedQueue[Touched],
        view: NetworkView,
        segmenter: TileSegmenter,
        *,
        finish_volume: Callable[[], Volume],
        tracker: LatencyTracker,
        timer: StageTimer,
        clock: Clock,
        min_change: float = MIN_CHANGE,
    ) -> None:
        """
        Args:
            touched: Boxes of inserted frames.
            view: The volume on the network's grid.
            segmenter: Runs the network on tiles.
            finish_volume: Gives the final volume, such as with holes filled.
            tracker, timer, clock: Take latencies and durations of steps; give the moments.
            min_change: Mean change of a tile, in gray levels, that is worth an inference before the end.
        """
        self._touched, self._view, self._segmenter = touched, view, segmenter
        self._finish_volume = finish_volume
        self._tracker, self._timer, self._clock = tracker, timer, clock
        self._min_change = min_change
        self._tiles = segmenter.tiles(view.grid.shape)
        self._read = TileBoxes([tile.read for tile in self._tiles])
        self._owned = TileBoxes([tile.owned for tile in self._tiles])
        self._seen: list[NDArray[Any] | None] = [None] * len(self._tiles)
        self._labeled: list[Places | None] = [None] * len(self._tiles)  # where each tile has labels, in its patch
        self._order = [0] * len(self._tiles)  # frames in the voxels that each tile's labels contain
        self._empty_logits: Patch | None = None
        self._fresh: set[int] = set()
        self._turn: set[int] = set()
        self._put_off: dict[int, float] = {}
        self._probe = np.zeros(3)
        self._frames = 0
        self.labeling = Labeling(np.zeros(view.extent.grid.shape, np.uint8), view.extent.grid)
        self.inputs: tuple[AnyQueue, ...] = (touched,)
        self.outputs: tuple[AnyQueue, ...] = ()
        self.final_volume: Volume | None = None
        self.inferred_live = self.inferred_final = self.finished_tiles = 0
        self.finished_at = clock.now()

    @property
    def tile_count(self) -> int:
        """Tiles of the whole volume."""
        return len(self._tiles)

    def mask(self) -> Volume:
        """The labels so far on the volume's grid, (D, H, W)."""
        return Volume(self.labeling.labels, self.labeling.grid)

    def warm_up(self) -> None:
        """Run the network once, on nothing; what it says of nothing is kept for empty tiles."""
        size = tuple(b - a for a, b in zip(self._tiles[0].read.start, self._tiles[0].read.stop, strict=True))
        whole = Box((0, 0, 0), size)  # type: ignore[arg-type]
        self._empty_logits = self._segmenter.logits(np.zeros(size, np.uint8), Tile(whole, whole))
        self._segmenter.labels(self._empty_logits, self._view.places(self._tiles[0]))

    def run(self) -> None:
        """Follow the volume until no more frames come, then make the mask exact."""
        # Each stale tile gets its turn before any gets a second one, or those near the probe would starve the rest.
        while not self._touched.finished:
            self._take_news(self._touched.drain())
            if not self._turn and self._fresh:
                self._turn, self._fresh = self._fresh | self._overdue(), set()
            if self._turn:
                nearest = min(self._turn, key=self._distance)
                self._turn.discard(nearest)
                self._update(nearest)
            elif self._put_off:
                # Nothing else is to do: what is inferred now need not be when the sweep has ended.
                self._update(next(iter(self._put_off)), min_change=0.0)
            elif (news := self._touched.wait()) is not None:
                self._take_news([news])
        if not self._touched.failed:
            self._finish()

    def _take_news(self, news: Sequence[Touched]) -> None:
        self._follow()
        for touched in news:
            box = self._view.reached(touched.box)
            self._fresh.update(self._read.overlapping(box))
            self._tracker.inserted(touched, self._owned.overlapping(box))
            self._probe = (np.array(box.start) + box.stop) / 2
            self._frames = touched.order

    def _follow(self) -> None:
        """Cover the volume as large as it is now."""
        before, growth = self._view.grid, self._view.follow()
        if growth is None:
            return
        old_tiles, old_seen, old_labeled, old_order = self._tiles, self._seen, self._labeled, self._order
        self._tiles = self._segmenter.tiles(self._view.grid.shape)
        self._read = TileBoxes([tile.read for tile in self._tiles])
        self._owned = TileBoxes([tile.owned for tile in self._tiles])
        kept = kept_tiles(old_tiles, self._tiles, growth.offset) if growth.exact else {}
        self._seen, self._order = [None] * len(self._tiles), [0] * len(self._tiles)
        self._labeled = [None] * len(self._tiles)
        for old, new in kept.items():
            self._seen[new], self._labeled[new], self._order[new] = old_seen[old], old_labeled[old], old_order[old]
        self._put_off = {kept[index]: since for index, since in self._put_off.items() if index in kept}
        waiting = {kept[index] for index in self._fresh | self._turn if index in kept}
        inner = Box.between(
            np.add(growth.offset, self._view.border),
            np.add(growth.offset, before.shape) - self._view.border,
        )
        at_border = self._read.leaving(inner) if self._view.border else ()
        self._fresh = {*waiting, *at_border, *(set(range(len(self._tiles))) - set(kept.values()))}
        self._turn = set()
        self._probe = self._probe + growth.offset
        self.labeling = self.labeling.grown(self._view.extent.grid, growth.volume_offset)
        self._tracker.retile(self._still_to_come, self._clock.now())

    def _still_to_come(self, touched: Touched) -> list[int]:
        """Tiles that own a voxel which a frame reached, and whose labels do not contain it yet."""
        owners = self._owned.overlapping(self._view.reached(touched.box))
        return [index for index in owners if self._order[index] < touched.order]

    def _distance(self, tile: int) -> float:
        """mm from the middle of the newest frame to the middle of a tile."""
        return float(np.linalg.norm((self._owned.middles[tile] - self._probe) * self._view.grid.spacing[::-1]))

    def _update(self, index: int, min_change: float | None = None) -> None:
        voxels, order = self._view.read(self._tiles[index].read)
        change = _mean_change(voxels, self._seen[index])
        now = self._clock.now()
        overdue = now - self._put_off.get(index, now) >= MAX_STALE_S
        enough = change >= (self._min_change if min_change is None else min_change)
        if change > 0 and not (enough or overdue):
            self._put_off.setdefault(index, now)
            return
        self._put_off.pop(index, None)
        if change > 0 or self._seen[index] is None:  # what is empty has one answer, without the network
            self._infer(index, voxels)
            self.inferred_live += change > 0
        self._order[index] = order
        self._tracker.tile_done(index, order, self._clock.now())

    def _overdue(self) -> set[int]:
        limit = self._clock.now() - MAX_STALE_S
        return {index for index, since in self._put_off.items() if since <= limit}

    def _finish(self) -> None:
        self._follow()
        with self._timer.step("finish the volume"):
            volume = self._finish_volume()
            final = self._view.finished(volume)
        for index, tile in enumerate(self._tiles):
            content, seen, labeled = final[tile.read.slices], self._seen[index], self._labeled[index]
            right = seen is not None and np.array_equal(content, seen)
            if not right or labeled is None or not _holds(labeled, self._view.places(tile)):
                self._infer(index, content)
                self.inferred_final += 1
            self._tracker.tile_done(index, self._frames, self._clock.now())
            self.finished_tiles += 1
        self.finished_at = self._clock.now()
        self.final_volume = volume

    def _infer(self, index: int, voxels: NDArray[Any]) -> None:
        tile = self._tiles[index]
        if self._empty_logits is not None and not voxels.any():
            logits = self._empty_logits
        else:
            here = Tile(tile.read.counted_from(tile.read.start), tile.owned.counted_from(tile.read.start))
            with self._timer.step("segment a tile"):
                logits = self._segmenter.logits(voxels, here)
        places = self._view.places(tile)
        # A view: what is written there is in the labeling.
        labels = self._view.ordered(self.labeling.labels)
        labels[self._view.label_box(tile).slices] = self._segmenter.labels(logits, places)
        self._seen[index], self._labeled[index] = voxels, places


def segmenter_bytes(lattice: TileLattice, grid: Grid, spacing: tuple[float, float, float]) -> int:
    """Memory that segmenting takes at most: the labels, and the voxels that each tile's were computed from.

    Args:
        lattice: Lattice of the network's tiles, in voxels.
        grid: Grid of the volume, its axes in the network's order.
        spacing: mm per voxel (x, y, z) that the network was trained on.
    """
    network = NetworkGrid(grid, spacing)
    voxels = lattice.tiles_in(network.shape) * math.prod(lattice.patch)
    voxel_bytes = 1 if network.is_image else np.dtype(np.float32).itemsize
    return math.prod(grid.shape) + voxels * voxel_bytes


def _holds(labeled: Places, wanted: Places) -> bool:
    """Whether all wanted places are some of those that have labels, along each axis."""
    for have, want in zip(labeled, wanted, strict=True):
        first = int(np.searchsorted(have, want[0])) if want.size else 0
        if not np.array_equal(have[first : first + want.size], want):
            return False
    return True


def _mean_change(voxels: NDArray[Any], before: NDArray[Any] | None) -> float:
    """Mean absolute difference in gray levels; against an empty tile where there was none before."""
    now = voxels.astype(np.float32)
    return float(np.abs(now if before is None else now - before).mean())
