"""Labels as whole numbers, whatever type they were stored in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

TOLERANCE = 1e-3
"""Largest distance of a label from a whole number: a scaled file (NIfTI's scl_slope 0.01 or 1.0000001) misses it by
rounding only, and interpolated labels miss it by far more."""


def whole_labels(voxels: NDArray[Any], classes: Iterable[int], *, where: object) -> NDArray[Any]:
    """Labels of whole numbers.

    Args:
        voxels: (D, H, W) labels as stored.
        classes: Numbers that a label may have, 0 to 255.
        where: The labels' file.

    Returns:
        The same array where it holds integers, else uint8.

    Raises:
        FileFormatError: A value is no whole number, or none of `classes`.
    """
    allowed = sorted(classes)
    values = np.unique(voxels)
    if voxels.dtype.kind == "f":
        fractions = values[~(np.abs(values - np.rint(values)) <= TOLERANCE)]
        if fractions.size:
            raise FileFormatError(
                f"label {float(fractions[0]):g} is no whole number",
                where=where,
                remedy=f"give labels {allowed}, resampled by the nearest voxel and not interpolated",
            )
        values = np.unique(np.rint(values))
    unknown = values[~np.isin(values, allowed)]
    if unknown.size:
        raise FileFormatError(
            f"label {float(unknown[0]):g} is none of the network's {allowed}",
            where=where,
            remedy="give labels of the network's classes",
        )
    return np.rint(voxels).astype(np.uint8) if voxels.dtype.kind == "f" else voxels
