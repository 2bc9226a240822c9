"""NDI's commands and replies as bytes, with their CRC."""

from __future__ import annotations

import re

from edge_sdk.errors import TrackerError
from edge_sdk.sweep.trackers.checksums import crc16_arc

END = b"\r"
BAUD_CODES = {
    9600: "0",
    14400: "1",
    19200: "2",
    38400: "3",
    57600: "4",
    115200: "5",
    921600: "6",
    1228739: "7",
    230400: "A",
}
_REPLY = re.compile(rb"(.*)([0-9A-F]{4})", re.DOTALL)


class DamagedReplyError(TrackerError):
    """Bytes were lost or changed on the way."""


def with_crc(text: str) -> bytes:
    """A command ("TSTART:") or reply ("OKAY") as it goes over the line."""
    message = text.encode("latin-1")
    return message + b"%04X" % crc16_arc(message) + END


def reply_text(line: bytes) -> str:
    """The text of a reply that ends in its CRC and a carriage return.

    Raises:
        TrackerError: The CRC is wrong, or the device reports an error.
    """
    found = _REPLY.fullmatch(line.removesuffix(END))
    if not line.endswith(END) or found is None:
        raise DamagedReplyError(f"sent {_shown(line)}, no reply of an NDI tracker", remedy="check baud rate and port")
    if crc16_arc(found[1]) != int(found[2], 16):
        raise DamagedReplyError(f"sent {_shown(line)}, whose CRC is wrong", remedy="check the cable")
    text = found[1].decode("latin-1")
    if text.startswith("ERROR"):
        raise TrackerError(f"answered {text}", remedy="look the number up in the tracker's manual")
    return text


def _shown(line: bytes) -> str:
    return repr(line if len(line) <= 40 else line[:40] + b"...").lstrip("b")
