"""Turning images into the MF orientation: x toward the probe's marked side, y away from the probe."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

_FLIPS = {"MF": (False, False), "UF": (True, False), "MN": (False, True), "UN": (True, True)}
"""Whether x and y are reversed with respect to MF."""


def to_mf(images: NDArray[Any], orientation: str, where: object) -> NDArray[Any]:
    """Flip frames (N, H, W) or (N, H, W, C) from `orientation` to MF.

    Args:
        images: Frames as stored.
        orientation: PLUS's letters, such as "UF"; a third one (A or D) only concerns 3D images.
        where: Named in errors.

    Raises:
        FileFormatError: The orientation is not one of a B-mode image.
    """
    flips = _FLIPS.get(orientation.upper()[:2]) if orientation.upper()[2:] in {"", "A"} else None
    if flips is None:
        raise FileFormatError(
            f"UltrasoundImageOrientation is {orientation!r}",
            where=where,
            remedy=f"expected one of {', '.join(_FLIPS)} (or the same followed by A)",
        )
    x, y = flips
    if x:
        images = images[:, :, ::-1]
    if y:
        images = images[:, ::-1]
    return np.ascontiguousarray(images)
