"""The labels of a volume so far, as other threads see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import Grid


@dataclass(frozen=True)
class Labeling:
    """Labels, and the grid that they belong to; a volume that has grown has another labeling.

    Attributes:
        labels: (D, H, W) uint8 on `grid`; written to while the stream runs, by the segmenter only.
        grid: Grid of the volume.
    """

    labels: NDArray[np.uint8]
    grid: Grid

    def grown(self, grid: Grid, offset: tuple[int, int, int]) -> Labeling:
        """These labels on a larger grid, 0 where there were none.

        Args:
            grid: Grid of the volume as large as it is now.
            offset: Index (z, y, x) in `grid` of this grid's first voxel.
        """
        larger = np.zeros(grid.shape, np.uint8)
        larger[tuple(slice(at, at + size) for at, size in zip(offset, self.grid.shape, strict=True))] = self.labels
        return Labeling(larger, grid)
