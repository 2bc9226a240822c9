"""Importance masks: how much each pixel of a frame counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError


def read_importance_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask, (H, W) uint8 in MF orientation like the frames it belongs to.

    Args:
        path: A picture that OpenCV reads (.png, .bmp …), or a sequence file or volume of one plane (.mha, .nrrd), as
            PLUS takes it.

    Raises:
        FileFormatError: It cannot be read, or is no single gray image of 8 bits.
    """
    if path.name.lower().endswith((".mha", ".mhd", ".nrrd")):
        from edge_sdk.containers.metaimage import read_metaimage
        from edge_sdk.volume.files import read_volume

        metaimage = path.name.lower().endswith((".mha", ".mhd"))
        image = read_metaimage(path).pixels if metaimage else read_volume(path).voxels
        if image is not None and image.ndim == 3 and image.shape[0] == 1:
            image = image[0]
    else:
        import cv2

        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
        if image is not None and image.ndim == 3:
            image = cv2.cvtColor(image, cv2.COLOR_BGRA2GRAY if image.shape[2] == 4 else cv2.COLOR_BGR2GRAY)
    if image is None or image.ndim != 2 or image.dtype != np.uint8:
        what = "cannot be read as an image" if image is None else f"holds {image.dtype} of shape {image.shape}"
        raise FileFormatError(
            f"{what}, expected one gray image of 8 bits as importance mask",
            where=path,
            remedy="give a .png or .mha with the size of the frames",
        )
    return image
