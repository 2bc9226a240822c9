"""Video files (MP4, AVI, MOV, MKV …) as sweeps without poses, through OpenCV's FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.capture import opened_capture
from edge_sdk.sweep.formats.frame_fields import sweep_of
from edge_sdk.sweep.formats.frames import FrameStack, check_frames, gray
from edge_sdk.sweep.formats.igsio_matroska import is_uncompressed, text_fields, uncompressed_frames
from edge_sdk.sweep.formats.video_container import VideoContainer, look_into
from edge_sdk.sweep.sweep import OK, Sweep
from edge_sdk.sweep.warning import SweepWarning

UNDECODABLE = "UNDECODABLE"
"""Status of a frame that is in the container but does not decode; its pixels are black."""
_STATUS = "ImageStatus"
"""Field of a text track for the status of an image, as in sequence metafiles."""


def read_video(path: Path) -> Sweep:
    """Read all frames as 8-bit gray (luma) with the container's time stamps, counted from the container's start.

    Frames that do not decode keep their place, black, with the image status "UNDECODABLE"; those that the container
    announces and the decoder never delivers are counted in the provenance. Where the container has no
    usable time stamps, they follow from its frame rate; the header says which ("TimesFrom"). Text tracks of Matroska
    become fields of the frames, among them the transforms that IGSIO stores so.

    Raises:
        FileFormatError: The file is missing, no video, or holds no frame that decodes; or a transform in its text
            tracks is not made of numbers.
        GeometryError: The frames would not fit in memory.
    """
    if not path.is_file():
        raise FileFormatError("there is no such file", where=path, remedy="check the path")
    container = look_into(path)
    video = _uncompressed(container, path) or _with_opencv(container, path)
    count = len(video.status)
    provenance = Provenance(
        frames_undecodable=video.status.count(UNDECODABLE),
        frames_lost=max(0, video.declared - count),
        source_format="video",
    )
    fields: list[dict[str, str]] = [{} for _ in video.status]
    remarks = [*container.remarks, *video.remarks]
    if provenance.frames_lost:
        remarks.append(_shorter(count, video.declared))
    if container.matroska is not None:
        fields, unread = text_fields(container.matroska, video.times, path)
        remarks += unread
    names = sorted({name for own in fields for name in own})
    header = {**video.header, **({"TextTracks": " ".join(names)} if names else {})}
    # Without the text tracks of all frames, the times are the container's.
    if not all("Timestamp" in own for own in fields):
        for own, time in zip(fields, video.times, strict=True):
            own["Timestamp"] = repr(float(time))
    sweep = sweep_of(fields, video.images, _STATUS, header, path, None)
    statuses = zip(sweep.image_status, video.status, strict=True)
    return replace(
        sweep,
        image_status=tuple(decoded if decoded != OK else stated for stated, decoded in statuses),
        fields=sweep.fields if any(sweep.fields) else (),
        provenance=provenance,
        remarks=tuple(remarks),
    )


@dataclass(frozen=True)
class _Video:
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


def _uncompressed(container: VideoContainer, path: Path) -> _Video | None:
    """The frames of IGSIO's uncompressed Matroska; None for other videos."""
    file = container.matroska
    track = file.video if file else None
    if file is None or track is None or not track.blocks or not is_uncompressed(file):
        return None
    stack = FrameStack(path)
    for frame in uncompressed_frames(track, path):
        stack.append(frame)
    times = np.array([block.time for block in track.blocks])
    header = {"Codec": track.color_space, "GreyFrom": "luma (BT.601) of RGB", "TimesFrom": "container"}
    return _Video(stack.images(), [OK] * len(times), times, 0, header)


def _with_opencv(container: VideoContainer, path: Path) -> _Video:
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
    return _Video(frames, status, timestamps + container.start, declared, header, _decoding_remarks(container, turned))


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


def _shorter(count: int, declared: int) -> SweepWarning:
    return SweepWarning(
        f"the file holds {count} frames, its header announces {declared}",
        "it was cut off while it was recorded or copied, or its edit list hides frames",
        "copy it again if frames are missing at its end",
    )


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
