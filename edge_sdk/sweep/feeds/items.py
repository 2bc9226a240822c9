"""What live devices give, with the moment that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TimedImage:
    """An image of one moment.

    Attributes:
        image: (H, W) uint8, MF orientation.
        moment: Seconds on the receiver's clock.
        name: Of the peer's device that sent it; "" for a camera.
        number: The sender's own count of images, or None.
    """

    image: NDArray[np.uint8]
    moment: float
    name: str = ""
    number: int | None = None


@dataclass(frozen=True)
class NamedPose:
    """A transform of one moment.

    Attributes:
        name: Such as "ProbeToReference".
        matrix: 4×4, mm; NaN without a pose.
        status: "OK", or why there is none.
        moment: Seconds on the receiver's clock.
    """

    name: str
    matrix: NDArray[np.float64]
    status: str
    moment: float
