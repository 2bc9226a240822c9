"""What a pose sensor says, whatever its wire format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reading:
    """One measurement of one sensor.

    Attributes:
        sensor: Its name on the device, such as NDI's port handle "0A"; "" where a device has only one.
        status: "OK", or why there is no pose, such as "MISSING" or "OUT_OF_VOLUME".
        quaternion: (4,) unit quaternion x, y, z, w of the rotation from the sensor to the device's frame; NaN
            without a pose.
        position: (3,) of the sensor in the device's frame, mm; zeros from a sensor that knows orientation only.
        number: The device's own count of measurements, or None.
    """

    sensor: str
    status: str
    quaternion: NDArray[np.float64]
    position: NDArray[np.float64]
    number: int | None = None


def without_pose(sensor: str, status: str, number: int | None = None) -> Reading:
    """A measurement that gave none."""
    return Reading(sensor, status, np.full(4, np.nan), np.full(3, np.nan), number)
