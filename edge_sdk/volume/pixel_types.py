"""Types of pixels that are compounded; a volume has the type of its frames, as in PLUS."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from edge_sdk.errors import GeometryError

UINT8 = np.dtype(np.uint8)
PIXEL_TYPES = tuple(np.dtype(kind) for kind in (np.uint8, np.int8, np.uint16, np.int16, np.float32))


def checked_pixel_type(kind: DTypeLike) -> np.dtype[Any]:
    """The NumPy type of pixels that a volume is compounded from, in the machine's byte order.

    Raises:
        GeometryError: Pixels of this type are not compounded.
    """
    found = np.dtype(kind).newbyteorder("=")
    if found not in PIXEL_TYPES:
        raise GeometryError(
            f"pixels of {found} are not compounded",
            remedy=f"give frames of {', '.join(str(known) for known in PIXEL_TYPES)}",
        )
    return found
