"""Which tiles are inferred, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.stream.core.stream_volume import FixedVolume
from apps.stream.pipeline.latency import LatencyTracker, StageTimer
from apps.stream.pipeline.messages import Touched
from apps.stream.pipeline.queues import BoundedQueue
from apps.stream.work.network_view import NetworkView
from apps.stream.work.segmenter import MAX_STALE_S, SegmenterStage
from apps.stream.work.shared_volume import SharedVolume
from edge_sdk.inference.segmenter import VolumeSegmenter
from edge_sdk.inference.tiling import TileLattice
from edge_sdk.packages.manifest import Manifest
from edge_sdk.volume.grid import Box, Grid
from tests.edge_sdk.fakes import tile_labels


class Painted:
    """A volume that tests paint by hand."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.grid = Grid(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
        self.content = np.zeros(shape, np.uint8)

    def insert(self, image: Any, image_to_world: Any) -> None:
        raise NotImplementedError

    def voxels(self) -> Any:
        return self.content.copy()

    def read(self, box: Box | None = None) -> Any:
        part = self.content if box is None else self.content[box.slices]
        return part.copy(), np.where(part > 0, 256, 0).astype(np.uint16)


class Recording:
    """Passes tiles on and remembers the mean of what was read."""

    def __init__(self, segmenter: VolumeSegmenter) -> None:
        self.segmenter, self.means = segmenter, list[float]()

    @property
    def lattice(self) -> TileLattice:
        return self.segmenter.lattice

    def tiles(self, shape: tuple[int, int, int]) -> Any:
        return self.segmenter.tiles(shape)

    def logits(self, voxels: Any, tile: Any) -> Any:
        self.means.append(float(voxels.mean()))
        return self.segmenter.logits(voxels, tile)

    def labels(self, logits: Any, places: Any) -> Any:
        return self.segmenter.labels(logits, places)


def stage(painted: Painted, segmenter: Any, clock: Any, queue: BoundedQueue[Touched]) -> SegmenterStage:
    volume = SharedVolume(FixedVolume(painted))
    return SegmenterStage(
        queue,
        NetworkView(volume, painted.grid.spacing),
        segmenter,
        finish_volume=volume.whole,
        tracker=LatencyTracker(),
        timer=StageTimer(clock.now),
        clock=clock,
    )


def test_nearest_to_the_probe_first(session: Any, manifest: Manifest, clock: Any) -> None:
    painted = Painted((16, 16, 64))
    for number in range(4):
        painted.content[:, :, number * 16 : number * 16 + 16] = 10 * (number + 1)
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenter = Recording(VolumeSegmenter(session, manifest, overlap=0.0))
    segmenting = stage(painted, segmenter, clock, queue)
    queue.put(Touched(0, 0.0, Box((0, 0, 0), (16, 16, 64)), 1))
    queue.put(Touched(1, 0.0, Box((0, 0, 52), (16, 16, 60)), 2))

    def close(call: int) -> None:
        if call == 4:
            queue.close()

    session.hook = close
    segmenting.run()
    assert segmenter.means == [40, 30, 20, 10]
    assert (segmenting.inferred_live, segmenting.inferred_final, segmenting.finished_tiles) == (4, 0, 4)


def test_small_changes_wait_for_the_end(session: Any, manifest: Manifest, clock: Any) -> None:
    painted = Painted((16, 16, 16))
    painted.content[:] = 50
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(painted, VolumeSegmenter(session, manifest), clock, queue)
    whole = Box((0, 0, 0), (16, 16, 16))
    segmenting._take_news([Touched(0, 0.0, whole, 1)])
    segmenting._update(0)
    painted.content[0, 0, :8] += 10
    segmenting._update(0)
    assert session.calls == 1
    painted.content[0] += 10
    segmenting._update(0)
    assert session.calls == 2
    painted.content[0, 0, 0] += 1
    queue.close()
    segmenting.run()
    assert (segmenting.inferred_live, segmenting.inferred_final) == (2, 1)
    assert np.array_equal(
        segmenting.mask().voxels, tile_labels(VolumeSegmenter(session, manifest), painted.content, *segmenting._tiles)
    )


def test_no_small_change_waits_for_ever(session: Any, manifest: Manifest, clock: Any) -> None:
    painted = Painted((16, 16, 16))
    painted.content[:] = 50
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(painted, VolumeSegmenter(session, manifest), clock, queue)
    whole = Box((0, 0, 0), (16, 16, 16))
    segmenting._take_news([Touched(0, 90.0, whole, 1)])
    segmenting._update(0)
    painted.content[0, 0, 0] += 1
    segmenting._update(0)
    assert (session.calls, segmenting._overdue()) == (1, set())
    clock.time += MAX_STALE_S
    assert segmenting._overdue() == {0}
    segmenting._update(0)
    assert session.calls == 2
    assert segmenting._overdue() == set()


def test_a_tile_that_became_empty_again_is_not_looked_at_for_ever(session: Any, manifest: Manifest, clock: Any) -> None:
    painted = Painted((16, 16, 16))
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(painted, VolumeSegmenter(session, manifest), clock, queue)
    painted.content[0, 0, 0] = 1
    segmenting._update(0)
    assert list(segmenting._put_off) == [0]
    painted.content[0, 0, 0] = 0
    segmenting._update(0, min_change=0.0)
    assert (session.calls, list(segmenting._put_off), segmenting.inferred_live) == (1, [], 0)
    segmenting._update(0)
    assert session.calls == 1


def test_empty_tiles_share_one_inference(session: Any, manifest: Manifest, clock: Any) -> None:
    painted = Painted((40, 40, 40))
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(painted, VolumeSegmenter(session, manifest), clock, queue)
    segmenting.warm_up()
    queue.close()
    segmenting.run()
    assert session.calls == 1
    segmenter = VolumeSegmenter(session, manifest)
    expected = np.zeros((40, 40, 40), np.uint8)
    for tile in segmenter.tiles((40, 40, 40)):
        expected[tile.owned.slices] = tile_labels(segmenter, painted.content, tile)
    assert np.array_equal(segmenting.mask().voxels, expected)


def test_a_failed_stage_before_it_means_no_final_mask(session: Any, manifest: Manifest, clock: Any) -> None:
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(Painted((16, 16, 16)), VolumeSegmenter(session, manifest), clock, queue)
    queue.close(failed=True)
    segmenting.run()
    assert segmenting.final_volume is None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_order_of_arrival_does_not_change_the_mask(
    session: Any, manifest: Manifest, clock: Any, order: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    final = rng.integers(0, 255, (30, 20, 20), dtype=np.uint8)
    painted = Painted(final.shape)  # type: ignore[arg-type]
    queue: BoundedQueue[Touched] = BoundedQueue("touched boxes", 16, "wait")
    segmenting = stage(painted, VolumeSegmenter(session, manifest), clock, queue)
    for count, part in enumerate(order, start=1):
        box = Box((10 * part, 0, 0), (10 * part + 10, 20, 20))
        painted.content[box.slices] = final[box.slices]
        segmenting._take_news([Touched(part, 0.0, box, count)])
        for index in range(segmenting.tile_count):
            segmenting._update(index)
    queue.close()
    segmenting.run()
    segmenter = VolumeSegmenter(session, manifest)
    for tile in segmenter.tiles((30, 20, 20)):
        assert np.array_equal(segmenting.mask().voxels[tile.owned.slices], tile_labels(segmenter, final, tile))
