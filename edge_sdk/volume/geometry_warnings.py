"""What is probably wrong with the geometry of a volume, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_sdk.data_warning import DataWarning
from edge_sdk.volume.grid import Grid, Volume

_SMALLEST_MM, _LARGEST_MM = 0.005, 50.0
"""Sizes of a voxel that no clinical ultrasound, CT or MR volume has: wavelengths are 0.05 mm and more."""
SKEWED = 1e-3
"""Cosine of two axes from which they are said not to be at right angles; files round to 1e-6 or so."""


def geometry_warnings(volume: Volume) -> Iterator[DataWarning]:
    """Warnings about the place and size of a volume's voxels."""
    sizes = " × ".join(f"{size:.4g}" for size in volume.grid.spacing)
    if not volume.located:
        yield DataWarning(
            "the file does not say how the volume's axes lie in the patient",
            "a conversion that dropped the orientation",
            "left and right, or head and feet, may be exchanged: compare with the original, or export it again",
        )
    if min(volume.grid.spacing) < _SMALLEST_MM or max(volume.grid.spacing) > _LARGEST_MM:
        yield DataWarning(
            f"a voxel measures {sizes} mm",
            "a unit that the header does not give, or gives wrongly",
            "correct the header; lengths are taken as mm where it gives no unit",
        )
    if (skew := skew_of(volume.grid)) > SKEWED:
        degrees = float(np.degrees(np.arcsin(min(skew, 1.0))))
        yield DataWarning(
            f"the volume's axes are up to {degrees:.3g}° off right angles; volumes in ml count them as they are",
            "a gantry tilt or an affine registration",
            "resample it on axes at right angles where a program shows it otherwise",
        )


def skew_of(grid: Grid) -> float:
    """Largest cosine between two axes of a grid, 0 for axes at right angles."""
    axes = grid.direction / np.linalg.norm(grid.direction, axis=0)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())
