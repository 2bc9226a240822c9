"""BNO08x in UART-RVC mode: yaw, pitch and roll, 100 times a second."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np

from edge_sdk.sweep.sweep import OK
from edge_sdk.sweep.trackers.packets import PacketReader
from edge_sdk.sweep.trackers.reading import Reading

HEAD = b"\xaa\xaa"
LENGTH = 19
LOST = "packets that did not arrive"
_RADIANS = np.pi / 180 / 100


class Bno08xDecoder:
    """Orientation from what arrives.

    Attributes:
        errors: What was left out or did not come, by reason.
    """

    def __init__(self) -> None:
        self._packets = PacketReader(HEAD, LENGTH, lambda packet: packet[2:-1])
        self._last: int | None = None
        self.errors: Counter[str] = self._packets.errors

    def feed(self, data: bytes) -> list[Reading]:
        """Readings of the bytes so far that have not been given yet."""
        return [self._reading(packet) for packet in self._packets.feed(data)]

    def _reading(self, packet: bytes) -> Reading:
        index, yaw, pitch, roll = struct.unpack_from("<B3h", packet, 2)
        if self._last is not None and (missed := (index - self._last - 1) % 256):
            self.errors[LOST] += missed
        self._last = index
        return Reading("", OK, from_angles(*(np.array([yaw, pitch, roll]) * _RADIANS)), np.zeros(3), index)


def from_angles(yaw: float, pitch: float, roll: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(4,) quaternion x, y, z, w of a turn about z by yaw, then about the new y by pitch, then about the new x by
    roll; radians."""
    (cz, cy, cx), (sz, sy, sx) = (each(np.array([yaw, pitch, roll]) / 2) for each in (np.cos, np.sin))
    return np.array(
        [
            cz * cy * sx - sz * sy * cx,
            cz * sy * cx + sz * cy * sx,
            sz * cy * cx - cz * sy * sx,
            cz * cy * cx + sz * sy * sx,
        ]
    )
