"""The frames of a video as gray, through OpenCV's FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.capture import opened_capture
from edge_sdk.sweep.formats.frames import FrameStack, check_frames, gray
from edge_sdk.sweep.formats.video_container import VideoContainer
from edge_sdk.sweep.sweep import OK
from edge_sdk.sweep.warning import SweepWarning

UNDECODABLE = "UNDECODABLE"
"""Status of a frame that is in the container but does not decode; its pixels are black."""


@dataclass(frozen=True)
class DecodedVideo:
    """What a video holds.

    Attributes:
        images: (N, H, W) uint8, luma.
        status: Image status of each frame.
        times: (N,) seconds from the container's start; NaN where unknown.
        declared: Frames that the container announces; 0 where it does not.
        header: What was read how.
        remarks: What the user has to know of the decoding.
    """

    images: NDArray[np.uint8]
    status: list[str]
    times: NDArray[np.float64]
    declared: int
    header: dict[str, str]
    remarks: tuple[SweepWarning, ...] = ()


def decode_with_opencv(container: VideoContainer, path: Path) -> DecodedVideo:
    """The frames that OpenCV delivers, with times from the container's start.

    Args:
        container: What the container says.
        path: The video.

    Raises:
        FileFormatError: It is no video, or holds no frame that decodes.
        GeometryError: The frames would not fit in memory.
    """
    capture = _opened(path)
    try:
        declared = _declared_frames(capture, path)
        frames, status, times = _decoded(capture, path)
        rate, codec = _property(capture, "FPS"), int(_property(capture, "FOURCC"))
        turned = int(_property(capture, "ORIENTATION_META"))
    finally:
        capture.release()
    timestamps, times_from = _times(times, rate)
    header = {
        "Codec": "".join(chr(codec >> shift & 0xFF) for shift in (0, 8, 16, 24) if 32 < codec >> shift & 0xFF < 127),
        "GreyFrom": "luma (BT.601)",
        "TimesFrom": times_from,
    }
    if container.matroska is not None:
        # FFmpeg estimates the number from duration and rate, which is wrong for a variable rate.
        declared = min(declared, len(container.matroska.video.blocks) if container.matroska.video else 0)
    return DecodedVideo(
        frames, status, timestamps + container.start, declared, header, _decoding_remarks(container, turned)
    )


def _decoding_remarks(container: VideoContainer, turned: int) -> tuple[SweepWarning, ...]:
    remarks = []
    if turned % 360:
        remarks.append(
            SweepWarning(
                f"the frames were turned by {turned}°, as the file says",
                "they were recorded with a camera or a phone",
                "check that depth points down in the images",
            )
        )
    track = container.matroska.video if container.matroska else None
    if track is not None and track.color_space == "RV24":
        remarks.append(
            SweepWarning(
                "the uncompressed frames are said to be RV24, which was taken for blue, green, red",
                "programs differ: VLC means that order, IGSIO means red, green, blue",
                "compare colored parts with the scanner's screen; gray images are the same either way",
            )
        )
    return tuple(remarks)


def _opened(path: Path) -> Any:
    import cv2

    capture = opened_capture(str(path.absolute()), cv2.CAP_FFMPEG)
    if capture is None:
        raise _not_a_video(path)
    return capture


def _not_a_video(path: Path) -> FileFormatError:
    return FileFormatError(
        "is not a video that can be opened", where=path, remedy="export it as MP4 (H.264) or copy it again"
    )


def _declared_frames(capture: Any, path: Path) -> int:
    """Frames that the container promises, at least 0, once it is known that they fit."""
    count = max(0, int(_property(capture, "FRAME_COUNT")))
    width, height = int(_property(capture, "FRAME_WIDTH")), int(_property(capture, "FRAME_HEIGHT"))
    if width <= 0 or height <= 0:
        raise _not_a_video(path)
    # Every frame takes a byte of the file or more: a damaged count is not believed.
    check_frames(min(max(count, 1), path.stat().st_size), height, width, path)
    return count


def _property(capture: Any, name: str) -> float:
    import cv2

    value = float(capture.get(getattr(cv2, f"CAP_PROP_{name}")))
    return value if np.isfinite(value) else 0.0


def _decoded(capture: Any, path: Path) -> tuple[NDArray[np.uint8], list[str], list[float]]:
    """Gray frames (N, H, W), their status, and their time stamps in ms."""
    import cv2

    stack, status, times = FrameStack(path), list[str](), list[float]()
    waiting = 0  # frames that did not decode, before the first that did says how large they are
    try:
        while capture.grab():
            times.append(_property(capture, "POS_MSEC"))
            decoded, frame = capture.retrieve()
            if not decoded and not len(stack):
                waiting += 1
                continue
            image = gray(frame, order="BGR") if decoded else np.zeros_like(stack.last)
            for _ in range(waiting):
                stack.append(np.zeros_like(image))
                status.append(UNDECODABLE)
            waiting = 0
            stack.append(image)
            status.append(OK if decoded else UNDECODABLE)
    except cv2.error as error:
        raise FileFormatError(
            f"frame {len(stack)} cannot be decoded ({error.err})", where=path, remedy="copy or export the video again"
        ) from error
    if not len(stack):
        raise FileFormatError("holds no frame that decodes", where=path, remedy="copy or export the video again")
    return stack.images(), status, times


def _times(milliseconds: list[float], rate: float) -> tuple[NDArray[np.float64], str]:
    """Seconds per frame, (N,), and where they come from."""
    times = np.array(milliseconds) / 1000.0
    if len(times) == 1 or (np.isfinite(times).all() and (np.diff(times) > 0).any()):
        return times, "container"
    if rate > 0:
        return np.arange(len(times)) / rate, f"frame rate {rate:g}/s"
    return np.full(len(times), np.nan), "nowhere: the file has neither time stamps nor a frame rate"
