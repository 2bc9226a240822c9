"""The labels of a volume so far, as other threads see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.resampling import nearest_on
from edge_sdk.volume.grid import Grid, Volume


@dataclass(frozen=True)
class Labeling:
    """Labels, and the grids that they belong to; a volume that has grown has another labeling.

    Attributes:
        labels: (D, H, W) uint8 on `grid`; written to while the stream runs, by the segmenter only.
        grid: Grid of the network's tiles, at the network's spacing.
        volume_grid: Grid of the volume.
    """

    labels: NDArray[np.uint8]
    grid: Grid
    volume_grid: Grid

    def on_volume_grid(self) -> Volume:
        """The labels on the volume's grid, as `edge_sdk.segment` brings them back."""
        if self.grid is self.volume_grid:
            return Volume(self.labels, self.grid)
        return Volume(nearest_on(Volume(self.labels, self.grid), self.volume_grid), self.volume_grid)

    def grown(self, grid: Grid, volume_grid: Grid, offset: tuple[int, int, int]) -> Labeling:
        """These labels on larger grids, 0 where there were none.

        Args:
            grid: Grid of the network's tiles, at the network's spacing.
            volume_grid: Grid of the volume.
            offset: Index (z, y, x) in `grid` of this grid's first voxel.
        """
        larger = np.zeros(grid.shape, np.uint8)
        there = tuple(slice(max(at, 0), max(at, 0) + size) for at, size in zip(offset, self.grid.shape, strict=True))
        part = larger[there]
        part[:] = self.labels[tuple(slice(size) for size in part.shape)]
        return Labeling(larger, grid, volume_grid)
