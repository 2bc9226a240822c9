"""Anatomical orientation: an array's axes permuted and flipped to lie as three letters say, and back.

The letters are nibabel's: "RAS" means that the x index grows to the patient's right, y to anterior, z to superior.
Nothing is resampled: a reordered array is a view of the one that is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import IDENTITY, Box, Grid, Volume

Triple = tuple[int, int, int]
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
_STORED: Triple = (0, 1, 2)


@dataclass(frozen=True)
class AxisOrder:
    """A permutation of an array's axes, with flips.

    Attributes:
        axes: Axis of the stored array (0 is z) for each axis of the reordered one, (z, y, x).
        flipped: Whether each reordered axis runs against the stored one.
    """

    axes: Triple = _STORED
    flipped: tuple[bool, bool, bool] = (False, False, False)

    @property
    def changes_nothing(self) -> bool:
        """Whether the reordered array is the stored one."""
        return self.axes == _STORED and not any(self.flipped)

    @property
    def inverse(self) -> AxisOrder:
        """From the reordered array to the stored one."""
        z, y, x = (self.axes.index(axis) for axis in range(3))
        return AxisOrder((z, y, x), (self.flipped[z], self.flipped[y], self.flipped[x]))

    def apply(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """A view (…, D, H, W) of stored voxels in the new order; leading axes stay."""
        lead = voxels.ndim - 3
        ordered = voxels.transpose(*range(lead), *(lead + axis for axis in self.axes))
        z, y, x = (slice(None, None, -1 if flip else 1) for flip in self.flipped)
        return ordered[..., z, y, x]

    def sizes(self, sizes: Triple) -> Triple:
        """Counts (z, y, x) of the stored array in the new order."""
        z, y, x = self.axes
        return sizes[z], sizes[y], sizes[x]

    def spacing(self, spacing: tuple[float, float, float]) -> tuple[float, float, float]:
        """mm per voxel (x, y, z) of the stored array in the new order, (x, y, z) too."""
        z, y, x = (spacing[2 - axis] for axis in self.axes)
        return x, y, z

    def lattice(self, box: Box) -> Box:
        """A box of an endless lattice (see `Extent`) in the new order: where flipped, index i becomes -1 - i."""
        spans = [
            (-box.stop[axis], -box.start[axis]) if flip else (box.start[axis], box.stop[axis])
            for axis, flip in zip(self.axes, self.flipped, strict=True)
        ]
        return Box.between(*zip(*spans, strict=True))

    def box(self, box: Box, shape: Triple) -> Box:
        """A box of a stored array of `shape` (D, H, W), in the new order."""
        moved = self.lattice(box)
        return moved.moved([size if flip else 0 for size, flip in zip(self.sizes(shape), self.flipped, strict=True)])

    def grid(self, grid: Grid) -> Grid:
        """The same voxel centers, counted in the new order."""
        axes = [2 - axis for axis in reversed(self.axes)]  # stored x, y, z axis of the new x, y and z
        flips = np.array(self.flipped[::-1])
        last = np.array(grid.shape[::-1])[axes] - 1
        corner = np.zeros(3)
        corner[axes] = np.where(flips, last, 0)
        x, y, z = (grid.index_to_world @ [*corner, 1.0])[:3]
        direction = grid.direction[:, axes] * np.where(flips, -1.0, 1.0)
        return Grid(self.sizes(grid.shape), self.spacing(grid.spacing), (float(x), float(y), float(z)), direction)


def reoriented(volume: Volume, order: AxisOrder) -> Volume:
    """The same volume with its axes in another order; its voxels are copied."""
    return replace(volume, voxels=np.ascontiguousarray(order.apply(volume.voxels)), grid=order.grid(volume.grid))


def orientation_of(direction: NDArray[np.float64]) -> str:
    """Letters of the directions in the patient that are nearest to a grid's x, y and z axes, such as "LPS".

    Args:
        direction: 3×3, columns are the directions of the axes in LPS, see `Grid.direction`.
    """
    from nibabel.orientations import ornt2axcodes

    return "".join(ornt2axcodes(_nearest_axes(direction)))


def axis_order(direction: NDArray[np.float64], orientation: str | None) -> AxisOrder:
    """How an array becomes one of an orientation; of an oblique grid's axes, the nearest ones count.

    Args:
        direction: 3×3, columns are the directions of the stored axes in LPS, see `Grid.direction`.
        orientation: Three letters such as "RAS"; None leaves the array as it is stored.
    """
    if orientation is None:
        return AxisOrder()
    from nibabel.orientations import axcodes2ornt, ornt_transform

    # Row i: the new axis (x, y, z) that stored axis i becomes, and -1 where it is flipped.
    transform = ornt_transform(_nearest_axes(direction), axcodes2ornt(orientation))
    axes, flipped = [0, 0, 0], [False, False, False]
    for stored, (new, sign) in enumerate(transform):
        axes[2 - int(new)], flipped[2 - int(new)] = 2 - stored, sign < 0
    return AxisOrder((axes[0], axes[1], axes[2]), (flipped[0], flipped[1], flipped[2]))


def tilt_degrees(direction: NDArray[np.float64]) -> float:
    """Largest angle between an axis of a grid and the direction in the patient that it is taken for, degrees."""
    columns = direction / np.linalg.norm(direction, axis=0)
    along = [abs(columns[int(world), axis]) for axis, (world, _) in enumerate(_nearest_axes(direction))]
    return float(np.degrees(np.arccos(np.clip(min(along), -1.0, 1.0))))


def tracker_order(orientation: str | None) -> AxisOrder:
    """The order of a volume that is compounded in a tracker's frame: its axes are taken as LPS, as files take them."""
    return axis_order(IDENTITY, orientation)


def tracker_spacing(spacing: tuple[float, float, float], orientation: str | None) -> tuple[float, float, float]:
    """mm per voxel (x, y, z) in a tracker's frame that are `spacing` (x, y, z) in an orientation's axes."""
    return tracker_order(orientation).inverse.spacing(spacing)


def _nearest_axes(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """nibabel's orientation of a grid: a row (patient axis, sign) for each of its x, y and z axes."""
    from nibabel.orientations import io_orientation

    affine = np.eye(4)
    affine[:3, :3] = _LPS_TO_RAS @ direction
    nearest: NDArray[np.float64] = io_orientation(affine)
    return nearest
