"""What the attributes of an ultrasound DICOM object say about geometry (DICOM PS3.3 C.8.5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_TWO_DIMENSIONAL = 1  # Region Spatial Format
_TISSUE = 1  # Region Data Type
_CENTIMETER = 3  # Physical Units
_MM_PER_CM = 10.0


@dataclass(frozen=True)
class BModeRegion:
    """The B-mode part of a frame.

    Attributes:
        origin: First pixel (x, y).
        size: (x, y) from the first to the last pixel, as PLUS's ClipRectangleSize.
        spacing: mm per pixel (x, y), None where the region is not calibrated in centimeters.
        candidates: How many B-mode regions there are; this is the largest, of equals the first.
    """

    origin: tuple[int, int]
    size: tuple[int, int]
    spacing: tuple[float, float] | None
    candidates: int


def b_mode_region(dataset: Any, shape: tuple[int, int]) -> BModeRegion | None:
    """The two-dimensional tissue region of `SequenceOfUltrasoundRegions` inside frames of `shape` (H, W), if any."""
    found = []
    for item in dataset.get("SequenceOfUltrasoundRegions") or ():
        if item.get("RegionSpatialFormat") != _TWO_DIMENSIONAL or item.get("RegionDataType") != _TISSUE:
            continue
        corners = [item.get(f"RegionLocation{name}") for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
        if None in corners:
            continue
        left, top, right, bottom = (int(value) for value in corners)
        right, bottom = min(right, shape[1] - 1), min(bottom, shape[0] - 1)
        if 0 <= left < right and 0 <= top < bottom:
            found.append(((right - left, bottom - top), (left, top), _region_spacing(item)))
    if not found:
        return None
    size, origin, spacing = max(found, key=lambda region: region[0][0] * region[0][1])
    return BModeRegion(origin, size, spacing, len(found))


def _region_spacing(item: Any) -> tuple[float, float] | None:
    units = (item.get("PhysicalUnitsXDirection"), item.get("PhysicalUnitsYDirection"))
    if units != (_CENTIMETER, _CENTIMETER):
        return None
    # The sign tells where positive values lie from the reference pixel, not how large a pixel is.
    return _positive([abs(float(item.get(f"PhysicalDelta{axis}") or 0)) * _MM_PER_CM for axis in "XY"])


def pixel_spacing(dataset: Any) -> tuple[float, float] | None:
    """mm per pixel (x, y) from PixelSpacing, which DICOM gives as rows, columns."""
    values = dataset.get("PixelSpacing")
    return None if not values or len(values) != 2 else _positive([float(values[1]), float(values[0])])


def _positive(values: Sequence[float]) -> tuple[float, float] | None:
    x, y = values
    return (x, y) if np.isfinite(values).all() and min(values) > 0 else None
