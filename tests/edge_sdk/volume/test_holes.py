from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.volume.holes import fill_holes
from edge_sdk.volume.settings import HoleFilling


def line(values):
    voxels = np.array(values, np.uint8).reshape(1, 1, -1)
    return voxels, voxels > 0


def test_stick_interpolates_between_the_two_ends():
    voxels, hit = line([0, 100, 0, 0, 0, 200, 0])
    filled = fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=9)])
    # With span 5 the forward end weighs (steps back + 1) / span.
    assert filled.ravel().tolist() == [0, 100, 140, 160, 180, 200, 0]


def test_stick_does_not_reach_further_than_its_length():
    voxels, hit = line([100, 0, 0, 0, 200])
    assert fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=4)]).ravel().tolist() == [
        100,
        0,
        0,
        0,
        200,
    ]
    assert fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=5)]).all()


def test_nearest_neighbour_averages_the_closest_shell():
    voxels = np.zeros((5, 5, 5), np.uint8)
    voxels[2, 2, 1], voxels[2, 2, 3], voxels[0, 0, 0] = 10, 21, 250
    filled = fill_holes(voxels, voxels > 0, [HoleFilling("NEAREST_NEIGHBOR", size=5)])
    assert filled[2, 2, 2] == 15
    assert filled[4, 4, 4] == 21  # the shell at distance 1 is empty, the one at 2 reaches index 2
    demanding = [HoleFilling("NEAREST_NEIGHBOR", size=5, minimum_ratio=0.5)]
    np.testing.assert_array_equal(fill_holes(voxels, voxels > 0, demanding), voxels)


def test_kernels_are_tried_in_turn_and_known_voxels_stay():
    rng = np.random.default_rng(0)
    hit = rng.random((8, 8, 8)) < 0.1
    voxels = np.where(hit, rng.integers(1, 255, hit.shape), 0).astype(np.uint8)
    before = voxels.copy()
    stick = fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=5)])
    both = fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=5), HoleFilling("NEAREST_NEIGHBOR", size=9)])
    np.testing.assert_array_equal(voxels, before)
    np.testing.assert_array_equal(both[hit], voxels[hit])
    np.testing.assert_array_equal(both[stick > 0], stick[stick > 0])
    assert (both > 0).sum() > (stick > 0).sum()


def test_an_unknown_kernel_is_refused_by_name():
    voxels, hit = line([1, 0, 1])
    with pytest.raises(GeometryError, match="'GAUSSIAN'; use STICK or NEAREST_NEIGHBOR"):
        fill_holes(voxels, hit, [HoleFilling("GAUSSIAN")])
