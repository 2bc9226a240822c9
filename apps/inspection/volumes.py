"""What a volume holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge_sdk.volume.grid import Grid

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
class VolumeDescription:
    """What a volume holds.

    Attributes:
        grid: Where it lies.
        voxel_type: Name of numpy's type.
        lowest, highest: Least and largest voxel.
        voxels_by_value: Value → how many voxels have it; None for other than few whole numbers.
        gray_range: Levels of black and white, where the file says them.
    """

    grid: GridDescription
    voxel_type: str
    lowest: float
    highest: float
    voxels_by_value: dict[str, int] | None
    gray_range: tuple[float, float] | None = None

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        by_value = {} if self.voxels_by_value is None else {"voxels_by_value": self.voxels_by_value}
        return {
            "kind": "volume",
            **asdict(self.grid),
            "voxel_type": self.voxel_type,
            "lowest": self.lowest,
            "highest": self.highest,
            **({} if self.gray_range is None else {"gray_range": list(self.gray_range)}),
            **by_value,
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
    grid = describe_grid(volume.grid)
    low, high = voxels.min().item(), voxels.max().item()
    return VolumeDescription(grid, str(voxels.dtype), low, high, by_value, volume.gray_range)


def describe_grid(grid: Grid) -> GridDescription:
    """Size, spacing, origin, direction and volume of a grid."""
    return GridDescription(
        size_xyz=list(grid.shape[::-1]),
        spacing_mm=[float(value) for value in grid.spacing],
        origin_mm=[float(value) for value in grid.origin],
        direction=[float(value) for value in grid.direction.ravel()],
        volume_ml=float(np.prod(grid.shape)) * grid.voxel_ml,
    )
