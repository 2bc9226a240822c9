"""Tiles own every voxel exactly once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.inference.tiling import tiles_of

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
