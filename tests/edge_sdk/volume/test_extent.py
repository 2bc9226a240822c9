from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.extent import check_memory, grid_for, grid_from_extent
from edge_sdk.volume.grid import Grid


def poses(*z):
    matrices = np.tile(np.diag([0.1, 0.2, 1.0, 1.0]), (len(z), 1, 1))
    matrices[:, 2, 3] = z
    return matrices


def test_corner_pixels_bound_the_grid():
    grid = grid_for(poses(-3, 4.3), (51, 101), 0.5)
    assert grid.shape == (16, 21, 21)  # round(7.3 / 0.5) + 1, round(10 / 0.5) + 1 twice
    assert grid.origin == (0, 0, -3)
    assert grid.spacing == (0.5, 0.5, 0.5)


def test_clip_shrinks_the_grid():
    grid = grid_for(poses(0), (51, 101), (0.5, 1, 2), clip=ClipRegion((10, 20), (30, 1000)))
    assert grid.shape == (1, 7, 7)
    assert grid.origin == (1, 4, 0)


def test_too_fine_a_spacing_is_refused_before_allocating_and_its_remedy_fits():
    with pytest.raises(GeometryError, match=r"use a spacing of at least ([\d.]+) mm") as caught:
        grid_for(poses(0, 100), (51, 101), 1e-3, memory_limit=2**20)
    spacing = float(str(caught.value).split("at least ")[1].split(" mm")[0])
    grid_for(poses(0, 100), (51, 101), spacing, memory_limit=2**20)


def test_more_than_this_machine_has_is_refused():
    with pytest.raises(GeometryError, match="GiB of memory"):
        grid_for(poses(0, 100), (51, 101), 1e-4)
    with pytest.raises(GeometryError, match="GiB of memory"):
        check_memory(Grid((10**6, 10**6, 10**6), (1, 1, 1), (0, 0, 0)))


@pytest.mark.parametrize("spacing", [0, -1, np.nan, np.inf, (1, 1, 0)])
def test_impossible_spacing_is_refused(spacing):
    with pytest.raises(GeometryError, match="positive"):
        grid_for(poses(0), (5, 5), spacing)


def test_no_pose_is_refused():
    with pytest.raises(GeometryError, match="no usable pose"):
        grid_for(np.zeros((0, 4, 4)), (5, 5), 1.0)


def test_extent_of_the_configuration_is_honored():
    grid = grid_from_extent((0, 9, 2, 4, -1, 5), (1, 2, 3), (10, 20, 30))
    assert grid.shape == (7, 3, 10)
    assert grid.origin == (10, 24, 27)
    with pytest.raises(GeometryError, match="ends before"):
        grid_from_extent((0, 9, 4, 2, 0, 5), (1, 1, 1), (0, 0, 0))
