"""The size of a pixel as the poses say it, and the handedness of the image's axes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

SMALLEST_MM, LARGEST_MM = 0.01, 2.0
"""mm per pixel: from micro-ultrasound on a large screen to a coarse export of an abdominal image."""
SHORTEST_MM, LONGEST_MM = 10.0, 600.0
"""Longer side of a frame. Only frames of at least `_REAL_IMAGE` pixels are too short: others are test images."""
_REAL_IMAGE = 64
_TYPICAL_PIXEL_MM = (0.02, 1.0)
_TYPICAL_SIDE_MM = (20.0, 400.0)
_USUAL_SIDE_MM = 90.0
MOST_ANISOTROPIC = 1.5
"""Calibrations of real probes differ by up to 8 % between the axes."""
MOST_OBLIQUE = 0.1
"""Cosine between the image's axes."""
_SPACING_TOLERANCE = 0.1


def pixel_warnings(
    matrices: NDArray[np.float64], image_shape: tuple[int, int], pixel_spacing: tuple[float, float] | None
) -> list[SweepWarning]:
    """Pixel sizes, angle and handedness that no probe has.

    Args:
        matrices: (N, 4, 4), pixel to mm in the world; usable ones only.
        image_shape: (H, W).
        pixel_spacing: mm per pixel (x, y) where the recording itself says so.
    """
    columns = matrices[:, :3, :3]
    x, y = (float(np.median(np.linalg.norm(columns[:, :, axis], axis=1))) for axis in (0, 1))
    found = _implausible(x, y, image_shape)
    if not found and pixel_spacing is not None:
        found = _against_the_recording((x, y), pixel_spacing)
    if max(x, y) > MOST_ANISOTROPIC * min(x, y):
        found.append(
            SweepWarning(
                f"a pixel is {x:.3g} mm wide and {y:.3g} mm high",
                "the spacing of one axis is wrong, or the image was resized after the calibration",
                "check the first two columns of ImageToProbe",
            )
        )
    cosine = float(np.median(np.abs((columns[:, :, 0] * columns[:, :, 1]).sum(1)) / (x * y)))
    if cosine > MOST_OBLIQUE:
        found.append(
            SweepWarning(
                f"the image's axes meet at {math.degrees(math.acos(min(cosine, 1.0))):.0f}° instead of 90°",
                "ImageToProbe is stored column by column, or one of its numbers is wrong",
                "write its matrix row by row",
            )
        )
    if np.median(np.linalg.det(columns)) < 0:
        found.append(
            SweepWarning(
                "ImageToProbe is left-handed, so that the volume may be a mirror image",
                "the image was flipped left-right or top-down against the calibration, or one column's sign is wrong",
                "check UltrasoundImageOrientation and the columns of ImageToProbe",
            )
        )
    return found


def _implausible(x: float, y: float, image_shape: tuple[int, int]) -> list[SweepWarning]:
    height, width = image_shape
    side = max(x * width, y * height)
    sizes_fit = min(x, y) >= SMALLEST_MM and max(x, y) <= LARGEST_MM
    frame_fits = side <= LONGEST_MM and (side >= SHORTEST_MM or max(image_shape) < _REAL_IMAGE)
    if sizes_fit and frame_fits:
        return []
    size = math.sqrt(x * y)
    units = {"centimeters": 10.0, "meters": 1000.0, "micrometers": 0.001}
    causes = {f"ImageToProbe is in {name} per pixel instead of mm": factor for name, factor in units.items()}
    # The frame's corners are where pixels are; an inverted calibration has pixels per mm in their place.
    causes["ImageToProbe is stored inverted (as ProbeToImage)"] = 1.0 / size**2
    typical = {
        cause: abs(math.log(side * factor / _USUAL_SIDE_MM))
        for cause, factor in causes.items()
        if _TYPICAL_PIXEL_MM[0] <= size * factor <= _TYPICAL_PIXEL_MM[1]
        and _TYPICAL_SIDE_MM[0] <= side * factor <= _TYPICAL_SIDE_MM[1]
    }
    cause = min(typical, key=typical.__getitem__) if typical else "ImageToProbe is wrong"
    return [
        SweepWarning(
            f"a pixel of {x:.3g} × {y:.3g} mm makes frames of {x * width:.3g} × {y * height:.3g} mm",
            cause,
            "give ImageToProbe in mm per pixel, from Image to Probe",
        )
    ]


def _against_the_recording(poses: tuple[float, float], recording: tuple[float, float]) -> list[SweepWarning]:
    """A calibration that belongs to another depth setting, or to a resized image."""
    ratios = [calibrated / recorded for calibrated, recorded in zip(poses, recording, strict=True)]
    if all(abs(math.log(ratio)) <= _SPACING_TOLERANCE for ratio in ratios):
        return []
    return [
        SweepWarning(
            f"ImageToProbe has pixels of {poses[0]:.3g} × {poses[1]:.3g} mm, the recording itself says "
            f"{recording[0]:.3g} × {recording[1]:.3g} mm",
            "the calibration belongs to another depth setting or to a resized image",
            "calibrate at this depth, or correct --pixel-spacing",
        )
    ]
