"""Coordinate frames of a recording: transforms that are not used, and pixels of another frame than asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.poses import FramePoses
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.transforms import pixel_frame
from edge_sdk.sweep.unread_transforms import some_names, unread_transforms
from edge_sdk.sweep.warning import SweepWarning

_IMAGE = "Image"


def transform_warnings(sweep: Sweep) -> list[SweepWarning]:
    """A warning that names the fields ending with "Transform" that are not used.

    Args:
        sweep: The recording.
    """
    if not (unread := unread_transforms(sweep)):
        return []
    return [
        SweepWarning(
            f"not used, although named as transforms: {some_names(unread)}",
            "the names are not of the form <From>To<To>Transform, or they are fields of the whole file",
            "rename the fields, such as Seq_Frame0000_ProbeToTrackerTransform, where they are poses of frames",
        )
    ]


def frame_warnings(sweep: Sweep, poses: FramePoses, image: str) -> list[SweepWarning]:
    """A warning where the pixels are placed as those of another coordinate frame than the recording says.

    Args:
        sweep: The recording.
        poses: Poses of its frames, for pixels of `image`.
        image: Coordinate frame that the pixels are taken to be in.
    """
    pixels = pixel_frame(sweep.transforms)
    if pixels in (image, _IMAGE):
        return []
    name = f"{_IMAGE}To{pixels}"
    offset = ""
    crop, usable = sweep.transforms[name].matrices, poses.usable & (np.abs(np.linalg.det(_finite(sweep, name))) > 0)
    if image == _IMAGE and usable.any():
        first = int(np.flatnonzero(usable)[0])
        # Where pixel (0, 0) is put, and where it lies.
        corner = np.array([0.0, 0.0, 0.0, 1.0])
        moved = poses.matrices[first] @ (np.linalg.inv(crop[first]) @ corner - corner)
        offset = f", {np.linalg.norm(moved[:3]):.1f} mm away"
    return [
        SweepWarning(
            f"the recording says by {name} that its pixels are of {pixels}, and they are placed as those of "
            f"{image}{offset}",
            "the recording was cropped after the configuration was written",
            f"set ImageCoordinateFrame to {pixels} in the configuration, or leave it out",
        )
    ]


def _finite(sweep: Sweep, name: str) -> NDArray[np.float64]:
    """The transform's matrices (N, 4, 4); zeros where they are not finite."""
    matrices = sweep.transforms[name].matrices
    return np.where(np.isfinite(matrices).all((1, 2), keepdims=True), matrices, 0.0)
