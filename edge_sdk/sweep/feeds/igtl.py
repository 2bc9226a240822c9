"""An OpenIGTLink server (PLUS, 3D Slicer, a scanner) as a source of images and poses."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edge_sdk.errors import DeviceError
from edge_sdk.extras import missing_module
from edge_sdk.sweep.feeds.clock_map import ClockMap
from edge_sdk.sweep.feeds.igtl_content import UnusableImageError, image_of, pose_of_image, pose_of_transform
from edge_sdk.sweep.feeds.igtl_stream import MOST_BYTES, MessageStream
from edge_sdk.sweep.feeds.items import NamedPose, TimedImage
from edge_sdk.sweep.following import Device
from edge_sdk.sweep.formats.orientation import to_mf

CONNECT_S, WAIT_S = 3.0, 0.1
_READ_BYTES = 1 << 20
UNUSABLE, OTHER_DEVICE, JUMPED = "images that are no frame", "images of other devices", "jumps of the peer's clock"
_KEEP_ALIVE = {"TCP_KEEPIDLE": 2, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3}
"""A peer that is cut off without a word is noticed after about five seconds."""


@contextmanager
def open_igtl(
    host: str,
    port: int,
    *,
    image_device: str | None = None,
    orientation: str = "MF",
    now: Callable[[], float] = time.perf_counter,
    most_bytes: int = MOST_BYTES,
) -> Iterator[Device[TimedImage | NamedPose]]:
    """Connect to a server; what it sends arrives in the order in which it was sent, and nothing is dropped here.

    Moments are the sender's time stamps on `now`'s clock (`ClockMap`), the same for images and poses.

    Args:
        image_device: The device whose images are frames, such as "Image_Reference"; one of them that is no frame is
            then an error. None: those of all devices, by their names.
        orientation: PLUS's letters for the images as they are sent, MF, UF, MN or UN; they and the pose that they
            carry are turned to MF. The protocol does not tell it.
        most_bytes: A longer message is not received, and ends the connection.

    Raises:
        DeviceError: Nothing listens there, it is not an OpenIGTLink server, or pyigtl is not installed.
        FileFormatError: There is no such orientation.
    """
    where = f"igtl://{host}:{port}"
    if missing := missing_module(["pyigtl"], "igtl"):
        raise DeviceError(missing, where=where)
    flips = _flips(orientation)
    try:
        connection = socket.create_connection((host, port), CONNECT_S)
    except OSError as cause:
        raise DeviceError(
            f"cannot be connected to ({cause.strerror or cause})",
            where=where,
            remedy="start the server, and check address and firewall",
        ) from cause
    with connection:
        yield _Peer(connection, where, image_device, flips, now, MessageStream(where, most_bytes))


class _Peer:
    """A connected server. The thread that polls also receives: what is not taken waits in the network."""

    def __init__(
        self,
        connection: socket.socket,
        where: str,
        image_device: str | None,
        flips: tuple[bool, bool],
        now: Callable[[], float],
        stream: MessageStream,
    ) -> None:
        self._connection, self._where, self._stream = connection, where, stream
        self._image_device, self._flips, self._now = image_device, flips, now
        self._clock = ClockMap()
        self.errors: Counter[str] = stream.errors
        self._greet()

    def poll(self) -> list[TimedImage | NamedPose]:
        data = self._received()
        arrival = self._now()
        items = [item for message in self._stream.feed(data) for item in self._items(message, arrival)]
        if self._clock.jumps:
            self.errors[JUMPED] = self._clock.jumps
        return items

    def silence(self) -> str:
        if self._stream.inside:
            return "stopped in the middle of a message; check network and sender"
        if last := self._stream.last_left_out:
            return f"sends nothing that is used, lastly {last}; check what the server is told to send"
        return "is connected and sends nothing; check that the server is told to send IMAGE and TRANSFORM messages"

    def _greet(self) -> None:
        """PLUS sends its transforms' status only to clients that have sent a message of header version 2."""
        from pyigtl.messages import MessageBase

        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE.items():
            if hasattr(socket, option):
                self._connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        question = MessageBase()
        question._message_type, question.header_version = "GET_STATUS", 2
        try:
            self._connection.sendall(question.pack())
        except OSError as cause:
            raise self._gone(cause.strerror or str(cause)) from cause

    def _received(self) -> bytes:
        try:
            if not select.select([self._connection], [], [], WAIT_S)[0]:
                return b""
            data = self._connection.recv(_READ_BYTES)
        except OSError as cause:
            raise self._gone(cause.strerror or str(cause)) from cause
        if not data:
            raise self._gone("closed by the peer")
        return data

    def _gone(self, why: str) -> DeviceError:
        where_in = " in the middle of a message" if self._stream.inside else ""
        return DeviceError(
            f"the connection is lost{where_in} ({why})", where=self._where, remedy="check the server and network"
        )

    def _items(self, message: Any, arrival: float) -> list[TimedImage | NamedPose]:
        moment = self._clock.moment(message.timestamp, arrival)
        if message.message_type == "TRANSFORM":
            return [pose_of_transform(message, moment)]
        if self._image_device not in (None, message.device_name):
            self._stream.leave_out(OTHER_DEVICE, f"an image of {message.device_name!r}")
            return []
        try:
            image = image_of(message, moment, self._flips)
        except UnusableImageError as error:
            if self._image_device is not None:
                raise DeviceError(
                    f"{message.device_name} sends {error}", where=self._where, remedy="convert them on the server"
                ) from error
            self._stream.leave_out(UNUSABLE, f"{error} (of {message.device_name!r})")
            return []
        pose = pose_of_image(message, moment, self._flips)
        return [image] if pose is None else [pose, image]  # in this order: the image finds its pose


def _flips(orientation: str) -> tuple[bool, bool]:
    """Whether x and y are reversed with respect to MF."""
    first = int(to_mf(np.arange(4).reshape(1, 2, 2), orientation, Path("--orientation"))[0, 0, 0])
    return first % 2 == 1, first >= 2
