"""OpenCV's captures, opened without its own messages on stderr."""

from __future__ import annotations

import os
from typing import Any

READ_S = 2
"""A V4L2 camera that sends nothing is waited for this long; OpenCV's own choice is 10 s."""


def opened_capture(*arguments: Any) -> Any | None:
    """`cv2.VideoCapture(*arguments)`, or None where it cannot be opened."""
    # Each is read once, when OpenCV first opens a device or file; damaged ones would otherwise fill stderr.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_S))
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(*arguments)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not capture.isOpened():
        capture.release()
        return None
    return capture
