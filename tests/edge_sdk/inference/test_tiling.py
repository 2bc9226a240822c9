"""Tiles own every voxel exactly once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.inference.tiling import tile_lattice, tiles_of
from edge_sdk.volume.grid import Box

shapes = st.tuples(*[st.integers(1, 30)] * 3)
patches = st.tuples(*[st.sampled_from([4, 8, 16])] * 3)


@settings(deadline=None)
@given(shape=shapes, patch=patches, overlap=st.floats(0, 0.9))
def test_owned_boxes_partition_the_volume(
    shape: tuple[int, int, int], patch: tuple[int, int, int], overlap: float
) -> None:
    count = np.zeros(shape, np.int32)
    for tile in tiles_of(shape, patch, overlap):
        count[tile.owned.slices] += 1
        for axis in range(3):
            assert tile.read.stop[axis] - tile.read.start[axis] == patch[axis]
            assert tile.read.start[axis] <= tile.owned.start[axis] < tile.owned.stop[axis] <= tile.read.stop[axis]
            assert tile.read.stop[axis] <= max(shape[axis], patch[axis])
    assert count.min() == count.max() == 1


@given(length=st.integers(17, 200), overlap=st.floats(0, 0.9))
def test_neighbors_overlap_as_asked_and_share_it_evenly(length: int, overlap: float) -> None:
    tiles = tiles_of((length, 1, 1), (16, 16, 16), overlap)
    for one, two in pairwise(tiles):
        common = one.read.stop[0] - two.read.start[0]
        assert common >= int(16 * overlap)
        margins = one.read.stop[0] - one.owned.stop[0], two.owned.start[0] - two.read.start[0]
        assert abs(margins[0] - margins[1]) <= 1


def test_volume_of_patch_size_is_one_tile() -> None:
    (tile,) = tiles_of((16, 16, 16), (16, 16, 16))
    assert tile.owned == tile.read


def test_impossible_requests_are_one_line() -> None:
    with pytest.raises(GeometryError, match="no voxels"):
        tiles_of((0, 4, 4), (16, 16, 16))
    with pytest.raises(GeometryError, match="overlap"):
        tiles_of((4, 4, 4), (16, 16, 16), 1.0)


@settings(deadline=None)
@given(
    least=shapes,
    patch=patches,
    overlap=st.floats(0, 0.9),
    start=st.tuples(*[st.integers(-40, 40)] * 3),
    size=st.tuples(*[st.integers(1, 20)] * 3),
)
def test_a_volume_that_grows_by_whole_steps_keeps_its_tiles(
    least: tuple[int, int, int],
    patch: tuple[int, int, int],
    overlap: float,
    start: tuple[int, int, int],
    size: tuple[int, int, int],
) -> None:
    lattice = tile_lattice(patch, overlap)
    shape = lattice.shape_for(least)
    held, needed = Box((0, 0, 0), shape), Box(start, tuple(map(int, np.add(start, size))))  # type: ignore[arg-type]
    grown = lattice.grown(held, needed)
    assert grown.holds(held)
    assert grown.holds(needed)
    assert all(have >= want for have, want in zip(shape, least, strict=True))
    for axis in range(3):  # no step more than it takes
        step = lattice.step[axis]
        assert shape[axis] - step < max(least[axis], patch[axis] - step + 1)
        assert grown.start[axis] + step > min(0, start[axis])
        assert grown.stop[axis] - step < max(shape[axis], needed.stop[axis])
    assert lattice.tiles_in(least) == len(tiles_of(least, patch, overlap))
    new_shape = tuple(map(int, np.subtract(grown.stop, grown.start)))
    reads = {tile.read.moved(grown.start) for tile in tiles_of(new_shape, patch, overlap)}  # type: ignore[arg-type]
    assert reads >= {tile.read for tile in tiles_of(shape, patch, overlap)}
