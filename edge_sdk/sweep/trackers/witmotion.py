"""WitMotion's WT901 family: orientation in 11-byte packets."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np

from edge_sdk.sweep.sweep import OK
from edge_sdk.sweep.trackers.packets import PacketReader
from edge_sdk.sweep.trackers.reading import Reading, without_pose

LENGTH = 11
QUATERNION = 0x59
SCALE = 32768
UNLOCK = bytes.fromhex("FFAA6988B5")
_OUTPUTS, _RATE = 0x02, 0x03
_ONLY_QUATERNIONS = 0x0200
RATES = {100: 0x09, 200: 0x0B}
NOT_A_ROTATION = "NOT_A_ROTATION"


def set_register(register: int, value: int) -> bytes:
    """The command that writes a register; it lasts until the power goes, unless it is saved."""
    return b"\xff\xaa" + struct.pack("<BH", register, value)


def configuration(rate: int = 100) -> bytes:
    """Commands after which the device sends quaternions only, `rate` times a second (100 or 200)."""
    return UNLOCK + set_register(_OUTPUTS, _ONLY_QUATERNIONS) + set_register(_RATE, RATES[rate])


class WitMotionDecoder:
    """Orientation from what arrives; packets of other kinds are passed over.

    Attributes:
        errors: What was left out, by reason.
    """

    def __init__(self) -> None:
        self._packets = PacketReader(b"\x55", LENGTH, lambda packet: packet[:-1])
        self.errors: Counter[str] = self._packets.errors

    def feed(self, data: bytes) -> list[Reading]:
        """Readings of the bytes so far that have not been given yet."""
        return [_reading(packet) for packet in self._packets.feed(data) if packet[1] == QUATERNION]


def _reading(packet: bytes) -> Reading:
    w, x, y, z = struct.unpack_from("<4h", packet, 2)
    quaternion = np.array([x, y, z, w]) / SCALE
    length = float(np.linalg.norm(quaternion))
    if abs(length - 1) > 0.05:
        return without_pose("", NOT_A_ROTATION)
    return Reading("", OK, quaternion / length, np.zeros(3))
