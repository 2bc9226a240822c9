"""OpenIGTLink messages in a stream of bytes."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any, TypedDict

from edge_sdk.errors import DeviceError
from edge_sdk.sweep.feeds.igtl_bytes import HEADER, crc64

MOST_BYTES = 64 << 20
"""Of a message: an RGB image of 4096 × 4096 pixels fits."""
KINDS = ("IMAGE", "TRANSFORM")
HEADER_VERSIONS = (1, 2, 3)
"""The second one came with version 3 of the protocol: an extended header and metadata."""
OTHER, CRC = "messages of other kinds", "messages of a wrong CRC"
UNREADABLE, PARTIAL = "messages whose body is not what the header says", "parts of images (sub-volumes)"
# What pyigtl lets through when a body is too short, or says what cannot be.
_FAILURES = (ValueError, TypeError, LookupError, struct.error)


class HeaderFields(TypedDict):
    """The header of a message as pyigtl reads it and wants it back; the keys are pyigtl's.

    Attributes:
        header_version: Version of the message format.
        message_type: Kind of the message, such as "IMAGE".
        device_name: Name of the device that the message comes from.
        timestamp: Seconds on the sender's clock.
        body_size: Bytes that follow the header.
    """

    header_version: int
    message_type: str
    device_name: str
    timestamp: float
    body_size: int


class MessageStream:
    """Takes bytes as they come and gives messages once they are whole; pyigtl reads their content.

    pyigtl's own client keeps the latest message of each device only, believes every size and checks no CRC.

    Attributes:
        errors: Messages that were left out, by reason.
        last_left_out: Description of the latest of them.
    """

    def __init__(self, where: str, most_bytes: int = MOST_BYTES) -> None:
        """
        Args:
            where: The peer, named in errors.
            most_bytes: A message that says it is longer is not received.
        """
        self._where, self._most = where, most_bytes
        self._held = bytearray()
        self.errors: Counter[str] = Counter()
        self.last_left_out = ""

    @property
    def inside(self) -> bool:
        """Whether a message has begun and is not complete."""
        return bool(self._held)

    def leave_out(self, reason: str, detail: str) -> None:
        """Count what is not used."""
        self.errors[reason] += 1
        self.last_left_out = detail

    def feed(self, data: bytes) -> list[Any]:
        """Messages of pyigtl's types that are complete now, in order.

        Raises:
            DeviceError: What comes is no OpenIGTLink, or a message is longer than allowed; nothing after it can be
                read. Messages before it are given first, and the error by the next call.
        """
        self._held += data
        messages: list[Any] = []
        try:
            while (whole := self._whole()) is not None:
                if (message := self._read(*whole)) is not None:
                    messages.append(message)
        except DeviceError:
            if not messages:
                raise
        return messages

    def _whole(self) -> tuple[HeaderFields, int, bytes] | None:
        """Fields, CRC and body of the next message, taken from what is held; None while it is not complete."""
        from pyigtl.messages import MessageBase

        length = HEADER.size
        if len(self._held) < length:
            return None
        header = bytes(self._held[:length])
        fields: HeaderFields | None
        try:
            fields = MessageBase.parse_header(header)
        except UnicodeDecodeError:
            fields = None
        if (
            fields is None
            or fields["header_version"] not in HEADER_VERSIONS
            or not fields["message_type"].isprintable()
        ):
            raise DeviceError(
                f"sends {header[:16]!r}, which begins no OpenIGTLink message",
                where=self._where,
                remedy="check that this port is the OpenIGTLink server's",
            )
        size = fields["body_size"]
        if size > self._most:
            raise DeviceError(
                f"announces a {fields['message_type']} message of {size} bytes, {self._most} are allowed",
                where=self._where,
                remedy="send smaller images, or check that this port is the OpenIGTLink server's",
            )
        if len(self._held) < length + size:
            return None
        body = bytes(memoryview(self._held)[length : length + size])
        del self._held[: length + size]
        return fields, HEADER.unpack(header)[-1], body

    def _read(self, fields: HeaderFields, crc: int, body: bytes) -> Any | None:
        from pyigtl.messages import MessageBase

        kind, name = fields["message_type"], fields["device_name"]
        if kind not in KINDS:
            self.leave_out(OTHER, f"a {kind} message")
            return None
        if crc64(body) != crc:
            self.leave_out(CRC, f"a {kind} message of {name!r} whose CRC is wrong")
            return None
        message = MessageBase.create_message(kind)
        try:
            message.unpack(fields, body)
        except NotImplementedError:
            self.leave_out(PARTIAL, f"an image of {name!r} that is sent in parts")
            return None
        except _FAILURES as error:
            self.leave_out(UNREADABLE, f"a {kind} message of {name!r} that cannot be read ({error})")
            return None
        return message
