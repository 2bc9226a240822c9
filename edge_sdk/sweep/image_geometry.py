"""What a recording says about its images beyond their pixels: how large a pixel is, and which of them are B-mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_reconstruction import clip_of_attributes
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.volume.clip import ClipRegion

IMAGE_TO_PROBE = "ImageToProbe"
_CLIP_FIELDS = ("ClipRectangle", "Fan")


@dataclass(frozen=True)
class AssumedCalibration:
    """ImageToProbe where only the size of a pixel is known.

    Attributes:
        image_to_probe: 4×4 matrix from pixels (x, y, 0, 1) to mm.
        summary: Pixel size and origin that the matrix was computed from, for the provenance.
    """

    image_to_probe: NDArray[np.float64]
    summary: str


def recorded_clip(sweep: Sweep) -> ClipRegion | None:
    """The B-mode region that the recording's format tells (DICOM, CustusX), in MF pixels.

    Raises:
        FileFormatError: The header's fields are damaged.
    """
    fields = {key: value for key, value in sweep.header.items() if key.startswith(_CLIP_FIELDS)}
    # A header of PLUS's may hold anything under these names; ours says where it comes from.
    known = sweep.provenance.source_format is not None
    return clip_of_attributes(fields, sweep.source or Path()) if fields and known else None


def clip_rectangle_fields(origin: tuple[int, int], size: tuple[int, int]) -> dict[str, str]:
    """Header fields of a rectangular B-mode region, as `recorded_clip` reads them.

    Args:
        origin: First pixel (x, y).
        size: Pixels from the first to the last one (x, y), as PLUS counts: a region one pixel wide has size 0.
    """
    return {"ClipRectangleOrigin": f"{origin[0]} {origin[1]}", "ClipRectangleSize": f"{size[0]} {size[1]}"}


def assumed_calibration(
    spacing: tuple[float, float],
    frame_shape: tuple[int, int],
    clip: ClipRegion | None = None,
    *,
    where: object = None,
) -> AssumedCalibration:
    """ImageToProbe from the pixel size, for images without a calibration.

    The probe's origin is assumed in the middle of the upper edge of the B-mode region (of the image where none is
    known), where the transducer's face is; x to the image's right, y away from the probe, z = x × y. Poses of a sensor
    that sits elsewhere on the probe need a calibration instead: with the assumed one the volume is distorted as soon as
    the probe turns.

    Args:
        spacing: mm per pixel (x, y).
        frame_shape: (H, W) of the images.
        clip: B-mode region in MF pixels; None where it is not known.
        where: Named in errors.

    Raises:
        PoseError: The spacing is not positive.
        GeometryError: The B-mode region lies outside the image.
    """
    x, y = spacing
    if not (np.isfinite(spacing).all() and min(spacing) > 0):
        raise PoseError(f"the pixel spacing is {x:g} × {y:g} mm", where=where, remedy="give millimeters above 0")
    column, row = (clip or ClipRegion()).upper_middle(frame_shape)
    matrix = np.diag([x, y, 1.0, 1.0])
    matrix[:2, 3] = -x * column, -y * row
    origin = f"pixel ({column:g}, {row:g})"
    return AssumedCalibration(matrix, f"{x:.6g} × {y:.6g} mm per pixel, probe's origin at {origin}")


def with_assumed_calibration(sweep: Sweep, spacing: tuple[float, float]) -> Sweep:
    """Set ImageToProbe from the pixel size, for recordings without a calibration; see `assumed_calibration`.

    Args:
        sweep: The recording.
        spacing: mm per pixel (x, y).

    Raises:
        PoseError: The spacing is not positive.
        GeometryError: The recorded B-mode region lies outside the images.
    """
    height, width = sweep.images.shape[1:3]
    assumed = assumed_calibration(spacing, (height, width), recorded_clip(sweep), where=sweep.source)
    tracked = TrackedTransform(np.tile(assumed.image_to_probe, (len(sweep), 1, 1)), (OK,) * len(sweep))
    return replace(
        sweep,
        transforms={**sweep.transforms, IMAGE_TO_PROBE: tracked},
        pixel_spacing=spacing,
        provenance=replace(sweep.provenance, image_to_probe_assumed=assumed.summary),
    )
