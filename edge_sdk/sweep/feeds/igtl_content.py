"""What OpenIGTLink's IMAGE and TRANSFORM messages say, in the terms of a sweep."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.feeds.items import NamedPose, TimedImage
from edge_sdk.sweep.formats.frames import gray
from edge_sdk.sweep.sweep import OK
from edge_sdk.volume.pixel_types import PIXEL_TYPES

INVALID, NO_MATRIX = "INVALID", "NO_MATRIX"
_IMAGE_NAME = re.compile(r"([A-Z]\w*?)_([A-Z]\w*)")
_STATUS_OF_FIELD = "TransformStatus"


class UnusableImageError(Exception):
    """An image that is no ultrasound frame; says what it is."""


def pose_of_transform(message: Any, moment: float) -> NamedPose:
    """The pose of a TRANSFORM message; its device's name is the transform's, such as "ProbeToReference".

    The status is what PLUS says in the metadata; without metadata (header version 1) every transform counts as OK.
    """
    metadata = message.metadata
    status = metadata.get(_STATUS_OF_FIELD) or metadata.get("Status") or OK
    if status == OK and metadata.get("TransformValid", "").lower() in ("0", "false"):
        status = INVALID
    return _pose(message.device_name, message.matrix, status, moment)


def pose_of_image(message: Any, moment: float, flips: tuple[bool, bool]) -> NamedPose | None:
    """The pose that an IMAGE message carries: MF pixel (x, y, 0, 1) to mm, in the frame that its device's name tells.

    PLUS calls the device "Image_Reference" where the matrix is ImageToReference. Under any other name the matrix is
    not known to be a pose, and None is given. It is taken as sent: whether the header says RAS or LPS is not looked at,
    as by PLUS and 3D Slicer. OpenIGTLink places the *center* of the image, pyigtl moves that to pixel (0, 0).
    The status is the first of the frame's own "…TransformStatus" fields that is not OK.

    Args:
        flips: Whether x and y are reversed with respect to MF.
    """
    match = _IMAGE_NAME.fullmatch(message.device_name)
    if match is None or match[1] == match[2]:
        return None
    size = message.image.shape[2], message.image.shape[1]
    to_sent = np.eye(4)
    for axis, flipped in enumerate(flips):
        if flipped:
            to_sent[axis, axis], to_sent[axis, 3] = -1, size[axis] - 1
    states = [value for field, value in message.metadata.items() if field.endswith(_STATUS_OF_FIELD)]
    status = next((state for state in states if state != OK), OK)
    return _pose(f"{match[1]}To{match[2]}", message.ijk_to_world_matrix @ to_sent, status, moment)


def image_of(message: Any, moment: float, flips: tuple[bool, bool]) -> TimedImage:
    """The frame of an IMAGE message, gray and in MF orientation.

    Args:
        flips: Whether x and y are reversed with respect to MF.

    Raises:
        UnusableImageError: It is not gray, RGB or RGBA of a type that is compounded, or no single slice.
    """
    pixels = message.image
    components = pixels.shape[3] if pixels.ndim == 4 else 1
    kind = np.dtype(np.float32) if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    if kind not in PIXEL_TYPES or components not in (1, 3, 4):
        each = f"{components} × {pixels.dtype}" if components > 1 else str(pixels.dtype)
        expected = ", ".join(map(str, PIXEL_TYPES))
        raise UnusableImageError(f"images of {each} per pixel; gray or RGB of {expected} is expected")
    slices, height, width = pixels.shape[:3]
    if slices != 1 or not height * width:
        raise UnusableImageError(f"images of {width}×{height}×{slices}; one slice is expected")
    x, y = flips
    image = gray(pixels[0].astype(kind, copy=False))[:: -1 if y else 1, :: -1 if x else 1]
    number = message.metadata.get("FrameNumber", "")
    return TimedImage(
        np.ascontiguousarray(image), moment, message.device_name, int(number) if number.isdecimal() else None
    )


def _pose(name: str, matrix: NDArray[Any], status: str, moment: float) -> NamedPose:
    matrix = np.asarray(matrix, np.float64)
    if status == OK and not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-15):
        status = NO_MATRIX
    return NamedPose(name, matrix if status == OK else np.full((4, 4), np.nan), status, moment)
