"""What NDI's Polaris and Aurora trackers reply to TX and BX: poses of all port handles."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

from edge_sdk.sweep.sweep import OK
from edge_sdk.sweep.trackers.checksums import crc16_arc
from edge_sdk.sweep.trackers.ndi_bytes import DamagedReplyError
from edge_sdk.sweep.trackers.reading import Reading, without_pose

OUT_OF_VOLUME_BIT = 0x40
MISSING, DISABLED, UNOCCUPIED, OUT_OF_VOLUME = "MISSING", "DISABLED", "UNOCCUPIED", "OUT_OF_VOLUME"
BINARY_START = b"\xc4\xa5"
BINARY_HEADER = 6
_VALID, _MISSING, _DISABLED = 1, 2, 4
_POSE = re.compile(r"((?:[+-]\d{5}){4})((?:[+-]\d{6}){3})([+-]\d{5})")
_AFTER = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})")
_AGAIN = "check baud rate and cable"


@dataclass(frozen=True)
class Reply:
    """Poses of one moment.

    Attributes:
        readings: One for each port handle, named by its two hexadecimal digits.
        system: System status bits.
    """

    readings: tuple[Reading, ...]
    system: int


def parse_tx(text: str) -> Reply:
    """Understand the reply to TX:0001 or TX:0801, without CRC and carriage return.

    Raises:
        DamagedReplyError: It is cut short or no such reply.
    """
    try:
        count, rest = int(text[:2], 16), text[2:]
        readings = []
        for _ in range(count):
            reading, rest = _ascii_handle(rest)
            readings.append(reading)
        if not re.fullmatch(r"[0-9A-F]{4}", rest):
            raise ValueError(f"ends in {rest[:20]!r}")
    except ValueError as cause:
        raise DamagedReplyError(f"sent no TX reply that can be read ({cause})", remedy=_AGAIN) from None
    return Reply(tuple(readings), int(rest, 16))


def _ascii_handle(text: str) -> tuple[Reading, str]:
    handle, rest = text[:2], text[2:]
    int(handle, 16)
    for label in (MISSING, DISABLED, UNOCCUPIED):
        if rest.startswith(label):
            number, rest = _frame_number(rest[len(label) :])
            return without_pose(handle, label, number), rest
    found = _POSE.match(rest)
    if found is None:
        raise ValueError(f"port {handle} says {rest[:20]!r}")
    after = _AFTER.match(rest, found.end())
    if after is None:
        raise ValueError(f"port {handle} gives no status")
    quaternion = np.array([int(found[1][at : at + 6]) for at in range(0, 24, 6)]) / 10_000
    position = np.array([int(found[2][at : at + 7]) for at in range(0, 21, 7)]) / 100
    status, number = int(after[1], 16), int(after[2], 16)
    return _with_pose(handle, quaternion, position, status, number), _line_end(rest[after.end() :])


def _frame_number(text: str) -> tuple[int | None, str]:
    """A handle without a pose may still have a status and a frame number."""
    after = _AFTER.match(text)
    return (int(after[2], 16), _line_end(text[after.end() :])) if after else (None, _line_end(text))


def _line_end(text: str) -> str:
    if not text.startswith("\n"):
        raise ValueError(f"a port's line ends in {text[:20]!r}")
    return text[1:]


def parse_bx(payload: bytes) -> Reply:
    """Understand the reply to BX:0001 or BX:0801: what lies between its header and its CRC.

    Raises:
        DamagedReplyError: It is cut short or no such reply.
    """
    readings = []
    try:
        count, at = payload[0], 1
        for _ in range(count):
            handle, status = f"{payload[at]:02X}", payload[at + 1]
            at += 2
            if status == _DISABLED:  # nothing follows
                readings.append(without_pose(handle, DISABLED))
                continue
            if status not in (_VALID, _MISSING):
                raise ValueError(f"port {handle} has status {status}")
            pose = struct.unpack_from("<8f", payload, at) if status == _VALID else None
            at += 32 if pose else 0
            port, number = struct.unpack_from("<2I", payload, at)
            at += 8
            if pose:
                readings.append(_with_pose(handle, np.array(pose[:4]), np.array(pose[4:7]), port, number))
            else:
                readings.append(without_pose(handle, MISSING, number))
        (system,) = struct.unpack_from("<H", payload, at)
        if at + 2 != len(payload):
            raise ValueError(f"{len(payload) - at - 2} bytes too many")
    except (ValueError, IndexError, struct.error) as cause:
        raise DamagedReplyError(f"sent no BX reply that can be read ({cause})", remedy=_AGAIN) from None
    return Reply(tuple(readings), system)


def binary_length(header: bytes) -> int:
    """Bytes of the payload that follows a BX reply's header of 6 bytes.

    Raises:
        DamagedReplyError: It is no such header, or damaged.
    """
    if header[:2] != BINARY_START or crc16_arc(header[:4]) != int.from_bytes(header[4:6], "little"):
        raise DamagedReplyError(f"sent {header.hex(' ')} instead of the head of a BX reply", remedy=_AGAIN)
    return int.from_bytes(header[2:4], "little")


def _with_pose(handle: str, wxyz: np.ndarray, position: np.ndarray, bits: int, number: int) -> Reading:
    length = float(np.linalg.norm(wxyz))
    if not np.isfinite([*wxyz, *position]).all() or abs(length - 1) > 0.05:
        return without_pose(handle, "NOT_A_ROTATION", number)
    status = OUT_OF_VOLUME if bits & OUT_OF_VOLUME_BIT else OK
    return Reading(handle, status, wxyz[[1, 2, 3, 0]] / length, np.asarray(position, np.float64), number)
