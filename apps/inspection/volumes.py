"""What a volume holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge_sdk.data_warning import DataWarning
from edge_sdk.volume.grid import Grid, Volume
from edge_sdk.volume.orientation import orientation_of

MOST_VALUES = 16
"""A volume of whole numbers with at most so many different values is described value by value."""


@dataclass(frozen=True)
class GridDescription:
    """Where a volume lies.

    Attributes:
        size_xyz: Voxels.
        spacing_mm: (x, y, z).
        origin_mm: Center of the first voxel (x, y, z).
        direction: Rows of the 3×3 matrix whose columns are the axes' directions.
        volume_ml: Volume of all voxels together, ml.
    """

    size_xyz: list[int]
    spacing_mm: list[float]
    origin_mm: list[float]
    direction: list[float]
    volume_ml: float


@dataclass(frozen=True)
class NiftiDescription:
    """What a NIfTI header says of the place of its voxels.

    Attributes:
        version: 1 or 2.
        qform_code, sform_code: What each matrix refers to; 0 where it is not set.
        units: Unit of its lengths; those shown are in mm.
    """

    version: int
    qform_code: int
    sform_code: int
    units: str


@dataclass(frozen=True)
class VolumeDescription:
    """What a volume holds.

    Attributes:
        grid: Where it lies.
        orientation: Sides of the patient that x, y and z go to, such as "LPS"; None where the file does not say.
        nifti: Fields of a NIfTI header; None for other formats.
        voxel_type: Name of numpy's type.
        lowest, highest: Least and largest voxel.
        voxels_by_value: Value → how many voxels have it; None for other than few whole numbers.
        warnings: What is ambiguous or probably wrong about the geometry.
        gray_range: Levels of black and white, where the file says them.
    """

    grid: GridDescription
    orientation: str | None
    nifti: NiftiDescription | None
    voxel_type: str
    lowest: float
    highest: float
    voxels_by_value: dict[str, int] | None
    warnings: tuple[DataWarning, ...]
    gray_range: tuple[float, float] | None = None

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        by_value = {} if self.voxels_by_value is None else {"voxels_by_value": self.voxels_by_value}
        return {
            "kind": "volume",
            **asdict(self.grid),
            "orientation": self.orientation or "not known",
            **({} if self.nifti is None else {"nifti": asdict(self.nifti)}),
            "voxel_type": self.voxel_type,
            "lowest": self.lowest,
            "highest": self.highest,
            **({} if self.gray_range is None else {"gray_range": list(self.gray_range)}),
            **by_value,
            "warnings": [asdict(warning) for warning in self.warnings],
        }


def describe_volume(path: Path) -> VolumeDescription:
    """Geometry and values of a volume.

    Raises:
        EdgeSdkError: Not readable as a volume.
    """
    from edge_sdk.volume.files import read_volume

    volume = read_volume(path)
    voxels = volume.voxels
    by_value: dict[str, int] | None = None
    if voxels.dtype.kind in "ui":
        labels, counts = np.unique(voxels, return_counts=True)
        if len(labels) <= MOST_VALUES:
            by_value = {str(label): int(count) for label, count in zip(labels, counts, strict=True)}
    return VolumeDescription(
        describe_grid(volume.grid),
        _orientation(volume),
        _nifti(volume),
        str(voxels.dtype),
        voxels.min().item(),
        voxels.max().item(),
        by_value,
        volume.warnings,
        volume.gray_range,
    )


def describe_grid(grid: Grid) -> GridDescription:
    """Size, spacing, origin, direction and volume of a grid."""
    return GridDescription(
        size_xyz=list(grid.shape[::-1]),
        spacing_mm=[float(value) for value in grid.spacing],
        origin_mm=[float(value) for value in grid.origin],
        direction=[float(value) for value in grid.direction.ravel()],
        volume_ml=float(np.prod(grid.shape)) * grid.voxel_ml,
    )


def _orientation(volume: Volume) -> str | None:
    return orientation_of(volume.grid.direction) if volume.located else None


def _nifti(volume: Volume) -> NiftiDescription | None:
    header = volume.file_geometry
    if header is None:
        return None
    return NiftiDescription(header.version, header.qform_code, header.sform_code, header.unit)
