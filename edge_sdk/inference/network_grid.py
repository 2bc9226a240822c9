"""Where an image's voxels lie on the grid that the network reads: the image's own, or one at the network's spacing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.tiling import Tile
from edge_sdk.volume.grid import Box, Grid

Spacing = tuple[float, float, float]
Places = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Places of planes, rows and columns along the axes z, y, x of a grid, in its voxels; any real number."""

TOLERANCE = 0.01
"""A difference in spacing that no network notices; resampling would cost sharpness for nothing."""
_PLACES_PER_VOXEL = 2.0**20
"""Places are rounded to this, so that they do not depend on how large a growing volume is at the moment."""


@dataclass(frozen=True)
class NetworkAxis:
    """One axis of an image beside the same axis of the network's grid.

    A finer grid than the image's begins on the image's first voxel center, so that at whole ratios voxels of the image
    are voxels of the network too, unblurred. A coarser one has the image's middle, and its voxels average over what
    they cover.

    Attributes:
        image_size: Voxels of the image.
        step: Image voxels from one voxel of the network's grid to the next; 1 keeps the image's own voxels.
    """

    image_size: int
    step: float

    @property
    def size(self) -> int:
        """Voxels of the network's grid."""
        return max(1, round(self.image_size / self.step))

    @property
    def first(self) -> float:
        """Image index of the first voxel of the network's grid."""
        return 0.0 if self.step <= 1.0 else ((self.image_size - 1) - (self.size - 1) * self.step) / 2.0

    @property
    def reach(self) -> float:
        """Distance, in image voxels, from which on a voxel of the image does not count for one of the network's."""
        return 0.5 if self.step == 1.0 else max(self.step, 1.0)

    def centers(self, start: int, stop: int) -> NDArray[np.float64]:
        """Image index of the network's voxels `start` to before `stop`; beyond the image, that of its border."""
        return np.clip(self.first + np.arange(start, stop) * self.step, 0.0, self.image_size - 1.0)

    def places(self) -> NDArray[np.float64]:
        """Place of every voxel of the image on the network's grid; beyond its voxel centers, that of its border."""
        exact = (np.arange(self.image_size) - self.first) / self.step
        places: NDArray[np.float64] = np.rint(exact * _PLACES_PER_VOXEL) / _PLACES_PER_VOXEL
        return np.clip(places, 0.0, self.size - 1.0)

    def reached(self, start: int, stop: int) -> tuple[int, int]:
        """The network's voxels that image voxels `start` to before `stop` count for: first, and after the last."""
        low = math.floor((start - self.reach - self.first) / self.step) if start > 0 else 0
        high = math.ceil((stop - 1 + self.reach - self.first) / self.step) + 1 if stop < self.image_size else self.size
        return max(low, 0), min(high, self.size)


@dataclass(frozen=True, eq=False)
class NetworkGrid:
    """An image's grid, and the grid of the voxels that the network reads.

    Attributes:
        image: Grid of the image, its axes in the network's order.
        spacing: mm per voxel (x, y, z) that the network learned on. An axis that differs by at most 1 % is kept.
        axes: Along z, y and x.
    """

    image: Grid
    spacing: Spacing
    axes: tuple[NetworkAxis, NetworkAxis, NetworkAxis] = field(init=False)
    _places: Places = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # What was meant, so that an image has the same grid in every format that rounds its spacing otherwise.
        ratios = np.divide(self.spacing, self.image.nominal_spacing)[::-1]
        steps = (1.0 if abs(1.0 / ratio - 1.0) <= TOLERANCE else float(ratio) for ratio in ratios)
        z, y, x = (NetworkAxis(size, step) for size, step in zip(self.image.shape, steps, strict=True))
        object.__setattr__(self, "axes", (z, y, x))
        object.__setattr__(self, "_places", (z.places(), y.places(), x.places()))

    @property
    def is_image(self) -> bool:
        """Whether the network reads the image's own voxels."""
        return all(axis.step == 1.0 for axis in self.axes)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(D, H, W) of the network's grid."""
        z, y, x = self.axes
        return z.size, y.size, x.size

    @property
    def grid(self) -> Grid:
        """The network's grid; the image's own where it is that."""
        if self.is_image:
            return self.image
        x, y, z = (self.image.index_to_world @ [*(axis.first for axis in reversed(self.axes)), 1.0])[:3]
        steps = np.multiply(self.image.spacing, [axis.step for axis in reversed(self.axes)])
        spacing = (float(steps[0]), float(steps[1]), float(steps[2]))
        return Grid(self.shape, spacing, (float(x), float(y), float(z)), self.image.direction)

    def owned(self, tile: Tile) -> Box:
        """The image's voxels whose labels come from a tile: those nearest to voxels that it owns."""
        return self._between(tile.owned)

    def seen(self, tile: Tile) -> Box:
        """The image's voxels that a tile has logits for."""
        return self._between(tile.read)

    def places(self, box: Box, tile: Tile) -> Places:
        """Where the planes, rows and columns of a box of the image lie in a tile's patch, in voxels of the patch."""
        z, y, x = (
            places[part] - start for places, part, start in zip(self._places, box.slices, tile.read.start, strict=True)
        )
        return z, y, x

    def reached(self, box: Box) -> Box:
        """The network's voxels that a box of the image counts for."""
        spans = [axis.reached(a, b) for axis, a, b in zip(self.axes, box.start, box.stop, strict=True)]
        return Box.between(*zip(*spans, strict=True))

    def _between(self, box: Box) -> Box:
        """The image's voxels whose place is nearer to a voxel in `box` than to any outside; a tie counts upward."""
        spans = [
            np.searchsorted(places, [a - 0.5, b - 0.5])
            for places, a, b in zip(self._places, box.start, box.stop, strict=True)
        ]
        return Box.between(*zip(*spans, strict=True))
