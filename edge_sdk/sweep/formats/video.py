"""Video files (MP4, AVI, MOV, MKV …) as sweeps without poses, through OpenCV's FFmpeg."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_sdk.errors import FileFormatError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats.frame_fields import sweep_of
from edge_sdk.sweep.formats.frames import FrameStack
from edge_sdk.sweep.formats.igsio_matroska import is_uncompressed, text_fields, uncompressed_frames
from edge_sdk.sweep.formats.video_container import VideoContainer, look_into
from edge_sdk.sweep.formats.video_decoding import UNDECODABLE, DecodedVideo, decode_with_opencv
from edge_sdk.sweep.sweep import OK, Sweep
from edge_sdk.sweep.warning import SweepWarning

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
    video = _uncompressed(container, path) or decode_with_opencv(container, path)
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


def _uncompressed(container: VideoContainer, path: Path) -> DecodedVideo | None:
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
    return DecodedVideo(stack.images(), [OK] * len(times), times, 0, header)


def _shorter(count: int, declared: int) -> SweepWarning:
    return SweepWarning(
        f"the file holds {count} frames, its header announces {declared}",
        "it was cut off while it was recorded or copied, or its edit list hides frames",
        "copy it again if frames are missing at its end",
    )
