"""What a video's container says beside its frames: when the video track begins, and other tracks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_sdk.containers.matroska import Matroska, read_matroska
from edge_sdk.containers.mp4_start import read_mp4_tracks
from edge_sdk.sweep.warning import SweepWarning

_SHORTEST_START = 1e-3
"""Seconds; containers round their times to this."""


@dataclass(frozen=True)
class VideoContainer:
    """A container, as far as it was read.

    Attributes:
        start: Seconds from the start of the file to the first frame. OpenCV counts from the first frame, except in
            AVI, where it counts from the start of the file.
        matroska: Its tracks, where it is Matroska or WebM.
        remarks: What the user has to know of it.
    """

    start: float = 0.0
    matroska: Matroska | None = None
    remarks: tuple[SweepWarning, ...] = ()


def look_into(path: Path) -> VideoContainer:
    """Read a video's container; one of another kind, or a damaged one, says nothing.

    Raises:
        FileFormatError: The file cannot be read.
    """
    matroska = read_matroska(path)
    if matroska is not None:
        blocks = matroska.video.blocks if matroska.video else ()
        start = min((block.time for block in blocks), default=0.0)
        return VideoContainer(start, matroska, _start_remarks(start))
    tracks = read_mp4_tracks(path)
    if tracks is None:
        return VideoContainer()
    remarks = _start_remarks(tracks.video_start)
    if tracks.others:
        remarks += (
            SweepWarning(
                f"tracks of kind {', '.join(map(repr, tracks.others))} are not read",
                "the recorder stored subtitles, times or sensors beside the images",
                "give poses with --poses where they hold any",
            ),
        )
    return VideoContainer(tracks.video_start, None, remarks)


def _start_remarks(start: float) -> tuple[SweepWarning, ...]:
    if abs(start) < _SHORTEST_START:
        return ()
    return (
        SweepWarning(
            f"the first frame is at {start:.3f} s of the file, and times count from the start of the file",
            "the recorder started its video track later than another track",
            f"where poses count from the first frame, give --lag {-start:.3f}",
        ),
    )
