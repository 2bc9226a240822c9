"""A serial port whose every wait ends."""

from __future__ import annotations

import os
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial

from edge_sdk.closing import Closing
from edge_sdk.errors import TrackerError

WAIT_S = 0.1
"""A read gives what is there after this long at most."""

FAILURES = (OSError, ValueError, TypeError, termios.error)
"""What pyserial raises where a device is absent, vanishes, or cannot do what is asked; its own error is an OSError."""


class PortUnavailableError(TrackerError):
    """A port is not there, taken, or not ours to open."""


class SerialLine(Closing):
    """An open port; a context manager. Losing the device raises `TrackerError` from every method."""

    def __init__(self, port: str, baud: int) -> None:
        """
        Raises:
            PortUnavailableError: There is no such port, or it is not ours to open.
        """
        self.port = port
        try:
            self._serial = serial.Serial(port, baud, timeout=WAIT_S, write_timeout=1.0, exclusive=True)
        except FAILURES as cause:
            raise PortUnavailableError(
                f"cannot be opened ({_reason(cause)})",
                where=port,
                remedy="see `edge-sdk doctor` for the ports that are here",
            ) from cause

    def close(self) -> None:
        """Give the port back; a second call does nothing."""
        with suppress(*FAILURES):  # of a device that is gone
            self._serial.close()

    def read(self) -> bytes:
        """What has arrived, waiting a moment for the first byte; empty where none came."""
        with self._watched():
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else first

    def read_until(self, end: bytes, seconds: float, most: int = 65_536) -> bytes:
        """Bytes up to and with `end`, or what came of them within the time."""
        got = bytearray()
        limit = time.monotonic() + seconds
        with self._watched():
            while not got.endswith(end) and len(got) < most and time.monotonic() < limit:
                got += self._serial.read(1)
        return bytes(got)

    def read_exactly(self, count: int, seconds: float) -> bytes:
        """So many bytes, or what came of them within the time."""
        got = bytearray()
        limit = time.monotonic() + seconds
        with self._watched():
            while len(got) < count and time.monotonic() < limit:
                got += self._serial.read(count - len(got))
        return bytes(got)

    def write(self, data: bytes) -> None:
        """Send."""
        with self._watched():
            self._serial.write(data)

    def forget_input(self) -> None:
        """Throw away what has arrived."""
        with self._watched():
            self._serial.reset_input_buffer()

    def send_break(self) -> None:
        """A serial break, which resets some devices."""
        with self._watched():
            self._serial.send_break(0.25)

    def set_baud(self, baud: int) -> None:
        """Speak at another rate from here on."""
        with self._watched():
            self._serial.baudrate = baud

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as cause:
            raise TrackerError(
                f"is gone ({_reason(cause)})", where=self.port, remedy="plug the device in again"
            ) from cause


def _reason(cause: BaseException) -> str:
    if isinstance(cause, OSError) and cause.errno:  # pyserial's own words repeat the port
        return os.strerror(cause.errno)
    return str(cause) or type(cause).__name__
