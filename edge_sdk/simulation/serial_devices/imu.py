"""Simulated inertial sensors: WitMotion's quaternions and BNO08x in UART-RVC mode."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from edge_sdk.simulation.serial_devices.motion import SwingingPose
from edge_sdk.sweep.trackers.bno08x import HEAD
from edge_sdk.sweep.trackers.checksums import byte_sum
from edge_sdk.sweep.trackers.witmotion import QUATERNION

Packet = Callable[[SwingingPose, int], bytes]


def witmotion_packet(pose: SwingingPose, number: int) -> bytes:
    """The quaternion of a measurement."""
    (x, y, z, w), _ = pose.at(number)
    values = [min(32_767, round(32_768 * each)) for each in (w, x, y, z)]
    body = bytes([0x55, QUATERNION]) + struct.pack("<4h", *values)
    return body + bytes([byte_sum(body)])


def bno08x_packet(pose: SwingingPose, number: int) -> bytes:
    """Yaw of a measurement that turns about z only."""
    (_, _, z, w), _ = pose.at(number)
    yaw = round(100 * np.rad2deg(2 * np.arctan2(z, w)))
    body = struct.pack("<B6h3x", number % 256, yaw, 0, 0, 0, 0, 1000)
    return HEAD + body + bytes([byte_sum(body)])


@dataclass
class SimulatedImu:
    """Sends a packet for each measurement; give `turn` to a `PseudoPort`."""

    packet: Packet
    pose: SwingingPose = field(default_factory=lambda: SwingingPose(rate=100.0))
    _sent: int = 0

    def turn(self, _arrived: bytes) -> bytes:
        """Packets that are due since the last turn."""
        newest = self.pose.number
        due, self._sent = range(max(self._sent, newest - 20), newest), newest
        return b"".join(self.packet(self.pose, number) for number in due)
