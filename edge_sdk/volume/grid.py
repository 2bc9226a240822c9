"""Where voxels lie in the world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, SupportsInt

import numpy as np
from numpy.typing import NDArray

IDENTITY = np.eye(3)


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels.

    Attributes:
        shape: Voxels per axis, (D, H, W), that is (z, y, x).
        spacing: mm per voxel, (x, y, z).
        origin: Center of the first voxel in the world frame, mm, (x, y, z).
        direction: 3×3, columns are the world directions of the x, y and z axes.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: NDArray[np.float64] = field(default_factory=IDENTITY.copy)

    @property
    def index_to_world(self) -> NDArray[np.float64]:
        """4×4 matrix from voxel index (x, y, z, 1) to mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in milliliters."""
        return float(np.prod(self.spacing)) / 1000.0


@dataclass(frozen=True)
class Box:
    """A half-open box of voxel indices, (z, y, x): start <= index < stop."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @classmethod
    def between(cls, start: Iterable[SupportsInt], stop: Iterable[SupportsInt]) -> Box:
        """The box from `start` to before `stop`, three whole numbers (z, y, x) each, of any kind."""
        z, y, x = map(int, start)
        z_stop, y_stop, x_stop = map(int, stop)
        return cls((z, y, x), (z_stop, y_stop, x_stop))

    def counted_from(self, origin: Sequence[int]) -> Box:
        """The same box with its indices counted from `origin` (z, y, x)."""
        return Box.between(np.subtract(self.start, origin), np.subtract(self.stop, origin))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index expression for an array (D, H, W)."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))  # type: ignore[return-value]


@dataclass(frozen=True)
class Volume:
    """Voxels (D, H, W) on a grid; `meta` carries what a file's header said beyond geometry."""

    voxels: NDArray[Any]
    grid: Grid
    meta: dict[str, str] = field(default_factory=dict)

    def with_voxels(self, voxels: NDArray[Any]) -> Volume:
        """Other voxels of the same shape on the same grid."""
        return Volume(voxels, self.grid, dict(self.meta))
