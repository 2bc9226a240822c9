"""Where voxels lie in the world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, SupportsInt

import numpy as np
from numpy.typing import NDArray

from edge_sdk.data_warning import DataWarning
from edge_sdk.provenance import Provenance
from edge_sdk.volume.compounding_summary import CompoundingSummary
from edge_sdk.volume.nifti_geometry import NiftiGeometry

IDENTITY = np.eye(3)
_FILE_ROUNDING = 2e-7
"""Relative error of a length that a file keeps in vectors of 32-bit numbers."""


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
        """Volume of one voxel in milliliters; axes that are not at right angles or have not length one count."""
        return float(np.prod(self.spacing)) * abs(float(np.linalg.det(self.direction))) / 1000.0

    @property
    def nominal_spacing(self) -> tuple[float, float, float]:
        """mm per voxel, (x, y, z), as it was meant: six digits where that is right within the rounding of files.

        It is the same from a file of every format, so that resampling is: NIfTI keeps 0.3 mm as 0.30000001, and NRRD's
        vectors have lengths such as 0.30000000000000004.
        """
        x, y, z = (
            rounded if abs((rounded := float(f"{step:.6g}")) - step) <= _FILE_ROUNDING * abs(step) else step
            for step in self.spacing
        )
        return x, y, z


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

    def moved(self, by: Sequence[int]) -> Box:
        """The same box so many voxels (z, y, x) further."""
        return Box.between(np.add(self.start, by), np.add(self.stop, by))

    def holds(self, other: Box) -> bool:
        """Whether all of `other` lies in this box."""
        return all(a <= b for a, b in zip(self.start, other.start, strict=True)) and all(
            a >= b for a, b in zip(self.stop, other.stop, strict=True)
        )

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index expression for an array (D, H, W)."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))  # type: ignore[return-value]


@dataclass(frozen=True)
class Extent:
    """The part of an endless lattice of voxels that a volume takes at one moment.

    Attributes:
        grid: The volume's voxels, in an array whose indices begin at 0.
        start: Index in the lattice (z, y, x) of the grid's first voxel; below 0 where the volume grew toward it.
    """

    grid: Grid
    start: tuple[int, int, int] = (0, 0, 0)

    @property
    def box(self) -> Box:
        """The volume's voxels in the lattice."""
        return Box.between(self.start, np.add(self.start, self.grid.shape))

    @property
    def lattice_to_world(self) -> NDArray[np.float64]:
        """4×4 matrix from lattice index (x, y, z, 1) to mm; the same however far the volume has grown."""
        matrix = self.grid.index_to_world
        matrix[:3, 3] -= matrix[:3, :3] @ self.start[::-1]
        return matrix


@dataclass(frozen=True)
class Volume:
    """Voxels on a grid.

    Attributes:
        voxels: Gray levels or labels, (D, H, W).
        grid: Place and size of the voxels in the world.
        meta: Header fields of the file that the volume was read from.
        compounding: How the volume was made from frames; None where it was not, or nobody knows.
        provenance: Where the poses and the calibration of those frames come from.
        located: Whether the file says how the axes lie in the patient or the room. False where it gives a spacing at
            most (NIfTI with both codes 0, NRRD without a space, MetaImage without a matrix): the grid's origin and
            direction mean nothing then.
        gray_range: Levels that mean black and white; None where they are 0 and 255 (uint8), or nobody knows.
        file_geometry: Geometry fields of the NIfTI header that `grid` was read from; used only while they give `grid`.
        warnings: What is ambiguous or probably wrong about the geometry of the file.
    """

    voxels: NDArray[Any]
    grid: Grid
    meta: dict[str, str] = field(default_factory=dict)
    compounding: CompoundingSummary | None = field(default=None, kw_only=True)
    provenance: Provenance = field(default_factory=Provenance, kw_only=True)
    located: bool = field(default=True, kw_only=True)
    gray_range: tuple[float, float] | None = field(default=None, kw_only=True)
    file_geometry: NiftiGeometry | None = field(default=None, kw_only=True)
    warnings: tuple[DataWarning, ...] = field(default=(), kw_only=True)

    @property
    def tracked(self) -> bool:
        """Whether a device measured the poses of the volume's frames; False for declared poses, or if nobody knows."""
        return self.compounding is not None and self.provenance.tracked

    @property
    def own_file_geometry(self) -> NiftiGeometry | None:
        """`file_geometry` where it still gives the grid; None after a change of the grid, or without a NIfTI header."""
        fields = self.file_geometry
        return fields if fields is not None and fields.gives(self.grid.index_to_world) else None

    def with_voxels(self, voxels: NDArray[Any]) -> Volume:
        """Other voxels of the same shape on the same grid; the levels of black and white were those of the old ones."""
        return replace(self, voxels=voxels, meta=dict(self.meta), gray_range=None)
