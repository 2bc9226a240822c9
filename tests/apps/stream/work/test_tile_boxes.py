"""Questions about all tiles at once, by hand on a row of three."""

from __future__ import annotations

from apps.stream.work.tile_boxes import TileBoxes, kept_tiles
from edge_sdk.inference.tiling import tiles_of
from edge_sdk.volume.grid import Box

ROW = tiles_of((4, 4, 10), (4, 4, 4), 0.25)  # they begin at x = 0, 3 and 6
BOXES = TileBoxes([tile.read for tile in ROW])


def test_which_tiles_have_a_voxel_in_common_with_a_box() -> None:
    assert BOXES.overlapping(Box((0, 0, 3), (1, 1, 4))) == [0, 1]
    assert BOXES.overlapping(Box((0, 0, 7), (1, 1, 9))) == [2]
    assert BOXES.overlapping(Box((4, 0, 0), (5, 4, 10))) == []


def test_which_tiles_leave_a_box() -> None:
    assert BOXES.leaving(Box((0, 0, 0), (4, 4, 10))) == []
    assert BOXES.leaving(Box((0, 0, 1), (4, 4, 9))) == [0, 2]
    assert BOXES.leaving(Box((1, 0, 0), (3, 4, 10))) == [0, 1, 2]


def test_tiles_that_read_the_same_voxels_are_kept() -> None:
    longer = tiles_of((4, 4, 16), (4, 4, 4), 0.25)  # two steps longer, one before and one behind
    assert kept_tiles(ROW, longer, (0, 0, 3)) == {0: 1, 1: 2, 2: 3}
    assert kept_tiles(ROW, longer, (0, 0, 2)) == {}
    odd = tiles_of((4, 4, 11), (4, 4, 4), 0.25)  # no whole step longer: they begin at x = 0, 2, 5 and 7
    assert kept_tiles(ROW, odd, (0, 0, 0)) == {0: 0}
