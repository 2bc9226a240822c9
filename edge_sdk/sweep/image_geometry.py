"""What a recording says about its images beyond their pixels: how large a pixel is, and which of them are B-mode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import clip_of_attributes
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.volume.clip import ClipRegion

ASSUMED = "ImageToProbeAssumed"
"""Header field of a sweep whose ImageToProbe comes from the pixel size alone: how."""
_CLIP_FIELDS = ("ClipRectangle", "Fan")


def recorded_clip(sweep: Sweep) -> ClipRegion | None:
    """The B-mode region that the recording's format tells (DICOM, CustusX), in MF pixels.

    Raises:
        FileFormatError: The header's fields are damaged.
    """
    fields = {key: value for key, value in sweep.header.items() if key.startswith(_CLIP_FIELDS)}
    # A header of PLUS's may hold anything under these names; ours says where it comes from.
    return clip_of_attributes(fields, sweep.source or Path()) if fields and "SourceFormat" in sweep.header else None


def with_assumed_calibration(sweep: Sweep, spacing: tuple[float, float]) -> Sweep:
    """Set ImageToProbe from the pixel size, for recordings without a calibration.

    The probe's origin is assumed in the middle of the upper edge of the B-mode region (of the image where none is
    known), where the transducer's face is; x to the image's right, y away from the probe, z = x × y. Poses of a sensor
    that sits elsewhere on the probe need a calibration instead: with the assumed one the volume is distorted as soon as
    the probe turns.

    Args:
        sweep: The recording.
        spacing: mm per pixel (x, y).

    Raises:
        PoseError: The spacing is not positive.
    """
    x, y = spacing
    if not (np.isfinite(spacing).all() and min(spacing) > 0):
        raise PoseError(f"the pixel spacing is {x:g} × {y:g} mm", where=sweep.source, remedy="give millimeters above 0")
    height, width = sweep.images.shape[1:3]
    region = recorded_clip(sweep) or ClipRegion()
    column, row = region.upper_middle((height, width))
    matrix = np.diag([x, y, 1.0, 1.0])
    matrix[:2, 3] = -x * column, -y * row
    tracked = TrackedTransform(np.tile(matrix, (len(sweep), 1, 1)), (OK,) * len(sweep))
    where = f"pixel ({column:g}, {row:g})"
    return replace(
        sweep,
        transforms={**sweep.transforms, "ImageToProbe": tracked},
        header={**sweep.header, ASSUMED: f"{x:.6g} × {y:.6g} mm per pixel, probe's origin at {where}"},
        pixel_spacing=(x, y),
    )
