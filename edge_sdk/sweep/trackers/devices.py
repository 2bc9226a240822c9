"""Pose sensors by name, opened and closed as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from edge_sdk.errors import TrackerError
from edge_sdk.sweep.following import Device
from edge_sdk.sweep.trackers.bno08x import Bno08xDecoder
from edge_sdk.sweep.trackers.line import SerialLine
from edge_sdk.sweep.trackers.ndi import FIRST_BAUD, NdiTracker
from edge_sdk.sweep.trackers.reading import Reading
from edge_sdk.sweep.trackers.witmotion import WitMotionDecoder, configuration

BAUD = 115_200
"""What all of them speak where nothing else is said."""


class _Imu:
    """A sensor that sends by itself."""

    def __init__(self, line: SerialLine, decoder: WitMotionDecoder | Bno08xDecoder) -> None:
        self._line, self._decoder = line, decoder
        self.errors = decoder.errors

    def poll(self) -> list[Reading]:
        return self._decoder.feed(self._line.read())

    def silence(self) -> str:
        if garbage := self.errors.total():
            return f"sends {garbage} bytes that are no measurement; check the baud rate"
        return "is open and sends nothing; check power, cable and baud rate"


@contextmanager
def open_ndi(
    port: str, baud: int = BAUD, *, tools: Mapping[str, bytes] | None = None, binary: bool = True
) -> Iterator[Device[Reading]]:
    """A tracking NDI device; see `NdiTracker`."""
    with SerialLine(port, FIRST_BAUD) as line:
        tracker = NdiTracker(line, baud=baud, tools=tools, binary=binary)
        try:
            yield tracker
        finally:
            with suppress(TrackerError):  # of a device that is gone
                tracker.stop()


@contextmanager
def open_witmotion(port: str, baud: int = BAUD, *, rate: int = 100) -> Iterator[Device[Reading]]:
    """A WitMotion sensor, told to send quaternions `rate` times a second; nothing is saved in it."""
    with SerialLine(port, baud) as line:
        line.write(configuration(rate))
        yield _Imu(line, WitMotionDecoder())


@contextmanager
def open_bno08x(port: str, baud: int = BAUD) -> Iterator[Device[Reading]]:
    """A BNO08x that is wired for UART-RVC."""
    with SerialLine(port, baud) as line:
        yield _Imu(line, Bno08xDecoder())
