"""What an Enhanced US Volume can hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.grid import Grid

_SKEW = 1e-4
_DEEPEST = np.iinfo(np.uint16).max


def stored(voxels: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Voxels as the file holds them.

    Raises:
        GeometryError: They are not whole numbers from 0 to 65535.
    """
    low, high = voxels.min(), voxels.max()
    if not (low >= 0 and high <= _DEEPEST and (voxels.dtype.kind in "ub" or np.array_equal(voxels, np.rint(voxels)))):
        raise GeometryError(
            f"an Enhanced US Volume cannot hold voxels of {voxels.dtype} from {low} to {high}",
            remedy="give whole numbers from 0 to 65535, or another format than DICOM",
        )
    return voxels.astype(np.uint8) if high <= np.iinfo(np.uint8).max else voxels.astype("<u2")


def check_rectangular(grid: Grid) -> None:
    """Refuse a grid that rows, columns and a normal cannot express.

    Raises:
        GeometryError: Its axes are not at right angles.
    """
    if np.abs(grid.direction.T @ grid.direction - np.eye(3)).max() > _SKEW:
        raise GeometryError(
            "the volume's axes are not at right angles, which DICOM cannot express", remedy="use .nrrd, .mha or .nii.gz"
        )
