"""Where the network's patches lie in a volume, and which voxels each of them decides.

Neighboring patches overlap, and each voxel belongs to the one patch in which it lies furthest from the border
(along each axis, the overlap is cut in the middle). So no result depends on the order of the patches, and none
has to be kept for blending.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

from edge_sdk.errors import GeometryError
from edge_sdk.volume.grid import Box

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Tile:
    """A patch position.

    Attributes:
        read: Voxels that the network sees; of patch size. It leaves the volume at its end where that is smaller.
        owned: Voxels of the volume whose labels come from this tile; inside `read`.
    """

    read: Box
    owned: Box


def tiles_of(shape: Shape, patch: Shape, overlap: float = 0.25) -> list[Tile]:
    """The tiles of a volume; their owned boxes cover every voxel exactly once.

    Args:
        shape: (D, H, W) of the volume.
        patch: (D, H, W) of the network's input.
        overlap: Least share of a patch, per axis, that the next one covers again; 0 <= overlap < 1.

    Raises:
        GeometryError: An empty volume, or an overlap out of its range.
    """
    if min(shape) < 1:
        raise GeometryError(f"volume of shape {shape} has no voxels", remedy="give a volume with voxels")
    if not 0.0 <= overlap < 1.0:
        raise GeometryError(f"overlap {overlap} is not in [0, 1)", remedy="0.25 is usual")
    axes = [_axis(length, size, overlap) for length, size in zip(shape, patch, strict=True)]
    tiles = []
    for spans in product(*axes):
        start, low, high = zip(*spans, strict=True)
        stop = tuple(a + size for a, size in zip(start, patch, strict=True))
        tiles.append(Tile(Box(start, stop), Box(low, high)))
    return tiles


@dataclass(frozen=True)
class TileLattice:
    """Shapes of which one can grow into another without moving a tile.

    Along each axis such a shape has `patch` voxels and a whole number of `step` more. Its tiles then lie exactly `step`
    apart, so a volume that grows by whole steps keeps the tiles that it has.

    Attributes:
        patch: (D, H, W) of the smallest such shape: one tile.
        step: Voxels (z, y, x) from one tile to the next.
    """

    patch: Shape
    step: Shape

    def shape_for(self, least: Shape) -> Shape:
        """The smallest shape that has at least `least` voxels (D, H, W) along each axis."""
        z, y, x = (
            size + step * max(0, -(-(need - size) // step))
            for need, size, step in zip(least, self.patch, self.step, strict=True)
        )
        return z, y, x

    def tiles_in(self, shape: Shape) -> int:
        """How many tiles a volume of any shape (D, H, W) has, without making them."""
        return math.prod(
            1 + max(0, -(-(length - size) // step))
            for length, size, step in zip(shape, self.patch, self.step, strict=True)
        )

    def grown(self, box: Box, needed: Box) -> Box:
        """`box`, moved outwards by as few whole steps as it takes to hold `needed`."""
        down = [
            step * max(0, -(-(have - want) // step))
            for have, want, step in zip(box.start, needed.start, self.step, strict=True)
        ]
        up = [
            step * max(0, -(-(want - have) // step))
            for have, want, step in zip(box.stop, needed.stop, self.step, strict=True)
        ]
        return Box.between(
            (have - less for have, less in zip(box.start, down, strict=True)),
            (have + more for have, more in zip(box.stop, up, strict=True)),
        )


def tile_lattice(patch: Shape, overlap: float = 0.25) -> TileLattice:
    """The lattice of the tiles that `tiles_of` makes with the same patch and overlap."""
    z, y, x = (_step(size, overlap) for size in patch)
    return TileLattice(patch, (z, y, x))


def _axis(length: int, size: int, overlap: float) -> list[tuple[int, int, int]]:
    """(start, first owned, end of owned) of the patches along one axis."""
    if length <= size:
        return [(0, 0, length)]
    step = _step(size, overlap)
    count = math.ceil((length - size) / step) + 1
    starts = [round(i * (length - size) / (count - 1)) for i in range(count)]
    cuts = [(after + before + size) // 2 for before, after in pairwise(starts)]
    return list(zip(starts, [0, *cuts], [*cuts, length], strict=True))


def _step(size: int, overlap: float) -> int:
    """Voxels from one patch of `size` voxels to the next at most."""
    return max(1, int(size * (1.0 - overlap)))
