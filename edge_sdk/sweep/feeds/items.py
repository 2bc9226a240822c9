"""What live devices give, with the moment that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TimedImage:
    """An image of one moment.

    Attributes:
        image: (H, W) gray levels, MF orientation.
        moment: Seconds on the receiver's clock.
        name: Of the peer's device that sent it; "" for a camera.
        number: The sender's own count of images, or None.
    """

    image: NDArray[Any]
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
