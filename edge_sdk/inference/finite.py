"""Images without numbers that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError


def require_finite(voxels: NDArray[Any], *, where: object = None) -> None:
    """Refuse an image with NaN or infinity, which would spread through the network.

    Args:
        voxels: (D, H, W) gray levels.
        where: The image's file; None where nobody knows it.

    Raises:
        FileFormatError: Some voxels are not finite; says how many.
    """
    if voxels.dtype.kind != "f":
        return
    if broken := int(np.count_nonzero(~np.isfinite(voxels))):
        raise FileFormatError(
            f"{broken} of {voxels.size} voxels are not finite numbers",
            where=where,
            remedy="export the image again, or replace NaN and infinity",
        )
