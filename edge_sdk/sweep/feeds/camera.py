"""Cameras and frame grabbers, through OpenCV."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from edge_sdk.errors import DeviceError
from edge_sdk.sweep.capture import READ_S, opened_capture
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.following import Device
from edge_sdk.sweep.formats.frames import gray

OPEN_S = 5
UNDECODABLE, NOT_8_BIT = "frames that do not decode", "frames that are not 8-bit"
_FPS_TOLERANCE = 0.05
"""Cameras round: 29.97 for 30."""


@contextmanager
def open_camera(
    source: int | str,
    *,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    now: Callable[[], float] = time.perf_counter,
) -> Iterator[Device[TimedImage]]:
    """A camera, whose frames are gray, as large as it sends them, and taken to be in MF orientation.

    A frame's moment is when it was there to be grabbed, before it is decoded. Frames are not paced: a file is read as
    fast as it decodes. A read ends after `READ_S` at the latest: V4L2 and FFmpeg are told so; other systems' cameras
    (AVFoundation, Media Foundation) have bounds of their own.

    Args:
        source: The camera's number, its path (/dev/video0), or the address of a stream (http://…, rtsp://…).
        size: Pixels (width, height) to ask the camera for; None for what it gives by itself.
        fps: Frames per second to ask it for.

    Raises:
        DeviceError: There is no such camera, or it does not give what is asked for.
    """
    where = f"camera:{source}"
    capture = _opened(source, where)
    try:
        _ask(capture, size, fps, where)
        yield _Camera(capture, where, now)
    finally:
        capture.release()


class _Camera:
    """An opened camera."""

    def __init__(self, capture: Any, where: str, now: Callable[[], float]) -> None:
        self._capture, self._where, self._now = capture, where, now
        self.errors: Counter[str] = Counter()

    def poll(self) -> list[TimedImage]:
        import cv2

        try:
            grabbed, moment = self._capture.grab(), self._now()
            decoded, frame = self._capture.retrieve() if grabbed else (False, None)
        except cv2.error as cause:
            raise self._gone(f"is gone ({cause.err})") from cause
        if not grabbed:
            raise self._gone("gives no more frames")
        if not decoded or frame is None or frame.size == 0:
            self.errors[UNDECODABLE] += 1
            return []
        if frame.dtype != np.uint8:
            self.errors[NOT_8_BIT] += 1
            return []
        return [TimedImage(gray(frame, order="BGR"), moment)]

    def silence(self) -> str:
        if self.errors:
            return f"sends {' and '.join(self.errors)}; choose another format in the camera's settings"
        return "is open and sends nothing; check cable and power"

    def _gone(self, what: str) -> DeviceError:
        return DeviceError(what, where=self._where, remedy="plug the camera in again, or check the stream's sender")


def _opened(source: int | str, where: str) -> Any:
    import cv2

    if isinstance(source, int) or source.startswith("/dev/"):
        capture = opened_capture(source, cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY)
    else:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_S * 1000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_S * 1000]
        capture = opened_capture(source, cv2.CAP_FFMPEG, limits)
    if capture is None:
        raise DeviceError(
            "cannot be opened",
            where=where,
            remedy="check that it is there, yours to open, and not used by another program",
        )
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # an old frame would get a new moment; not every driver can
    return capture


def _ask(capture: Any, size: tuple[int, int] | None, fps: float | None, where: str) -> None:
    import cv2

    if size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        given = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if given != tuple(size):
            raise DeviceError(
                f"gives frames of {given[0]}×{given[1]} when asked for {size[0]}×{size[1]}",
                where=where,
                remedy="ask for a size that it has, or for none",
            )
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        if abs(rate - fps) > _FPS_TOLERANCE * fps:
            raise DeviceError(
                f"gives {rate:g} frames/s when asked for {fps:g}",
                where=where,
                remedy="ask for a rate that it has, or for none",
            )
