"""Where the tiles of a volume lie, for questions about all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sdk.inference.tiling import Tile
from edge_sdk.volume.grid import Box


class TileBoxes:
    """Boxes of all tiles as arrays, so that one comparison finds those that overlap another box.

    Attributes:
        middles: (N, 3) middle of each box, voxels (z, y, x).
    """

    def __init__(self, boxes: Sequence[Box]) -> None:
        """
        Args:
            boxes: One for each tile, in the order of the tiles.
        """
        self._start = np.array([box.start for box in boxes])
        self._stop = np.array([box.stop for box in boxes])
        self.middles = (self._start + self._stop) / 2

    def overlapping(self, box: Box) -> list[int]:
        """Tiles whose box has a voxel in common with `box`."""
        hit = (self._start < box.stop).all(axis=1) & (self._stop > box.start).all(axis=1)
        return [int(index) for index in np.flatnonzero(hit)]

    def leaving(self, box: Box) -> list[int]:
        """Tiles whose box does not lie wholly in `box`."""
        out = (self._start < box.start).any(axis=1) | (self._stop > box.stop).any(axis=1)
        return [int(index) for index in np.flatnonzero(out)]


def kept_tiles(before: Sequence[Tile], now: Sequence[Tile], offset: tuple[int, int, int]) -> dict[int, int]:
    """Tiles that read the same voxels before and after a volume has grown: old index → new index.

    Args:
        before: Tiles of the volume before.
        now: Tiles of the volume as it is.
        offset: Index (z, y, x) in the new volume of the old one's first voxel.
    """
    places = {tile.read: index for index, tile in enumerate(now)}
    moved = (tile.read.moved(offset) for tile in before)
    return {index: places[read] for index, read in enumerate(moved) if read in places}
