"""Matroska as IGSIO and PLUS write it: frames beside text tracks that hold each frame's fields.

The layout is that of IGSIO's `vtkIGSIOMkvSequenceIO` (PlusToolkit, BSD-3), which writes with libwebm. Fields of a
frame are blocks of S_TEXT/UTF8 tracks at its time; the track's name is the field's. Uncompressed frames are RGB, or
one byte per pixel, whatever their color space says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.matroska import METADATA, SUBTITLE, Matroska, Track
from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.frames import check_frames, gray
from edge_sdk.sweep.warning import SweepWarning

_TEXT = "S_TEXT/UTF8"
_UNCOMPRESSED = "V_UNCOMPRESSED"
_LONGEST = 1 << 16
"""Bytes of a field; 16 numbers of a transform take some hundred."""


def is_uncompressed(file: Matroska) -> bool:
    """Whether its frames are bytes of pixels written by libwebm.

    FFmpeg takes RV24 for BGR and RGB2 for 8 bits per pixel, as other programs mean them.
    """
    video = file.video
    return video is not None and video.codec == _UNCOMPRESSED and file.muxer.startswith("libwebm") and not video.encoded


def uncompressed_frames(track: Track, path: Path) -> Iterator[NDArray[np.uint8]]:
    """The frames of an uncompressed track, (H, W) luma.

    Raises:
        FileFormatError: A frame has neither one nor three bytes per pixel.
        GeometryError: The frames would not fit in memory.
    """
    width, height = track.size
    check_frames(len(track.blocks), height, width, path)
    with path.open("rb") as stream:
        for index, block in enumerate(track.blocks):
            stream.seek(block.start)
            pixels = np.frombuffer(stream.read(block.end - block.start), np.uint8)
            if pixels.size and pixels.size == width * height:
                yield pixels.reshape(height, width)
            elif pixels.size and pixels.size == 3 * width * height:
                yield gray(pixels.reshape(height, width, 3))
            else:
                raise FileFormatError(
                    f"frame {index} has {pixels.size} bytes, expected {3 * width * height} for {width}×{height} RGB",
                    where=path,
                    remedy="copy it again, or record it compressed",
                )


def text_fields(
    file: Matroska, times: NDArray[np.float64], path: Path
) -> tuple[list[dict[str, str]], list[SweepWarning]]:
    """The text tracks' entries as fields of the frames, and what is there and unread.

    Args:
        file: The tracks.
        times: (N,) seconds of the frames on the file's clock.
        path: The file, which the texts are read from.
    """
    fields: list[dict[str, str]] = [{} for _ in times]
    unread = []
    for number, track in enumerate(file.tracks, start=1):
        if track.kind not in (SUBTITLE, METADATA):
            continue
        label = repr(track.name or f"track {number}")
        if track.codec != _TEXT or track.encoded or not track.name:
            unread.append(f"{label} ({track.codec}{', compressed' if track.encoded else ''})")
            continue
        lost = sum(not _put(text, time, track.name, times, file.tick, fields) for time, text in _texts(track, path))
        if lost:
            unread.append(f"{label} ({lost} of {len(track.blocks)} entries are at no frame's time)")
    if not unread:
        return fields, []
    return fields, [
        SweepWarning(
            f"text tracks are not read: {', '.join(unread)}",
            "they are subtitles, or fields of frames that another program wrote",
            "give poses with --poses where they hold any",
        )
    ]


def _texts(track: Track, path: Path) -> Iterator[tuple[float, str]]:
    with path.open("rb") as stream:
        for block in track.blocks:
            stream.seek(block.start)
            data = stream.read(min(block.end - block.start, _LONGEST))
            yield block.time, data.split(b"\0")[0].decode("utf-8", "surrogateescape")


def _put(
    text: str, time: float, name: str, times: NDArray[np.float64], tick: float, fields: list[dict[str, str]]
) -> bool:
    """Give a text to the frame of its time; whether there is one without such a field."""
    if not len(times):
        return False
    for index in np.argsort(abs(times - time), kind="stable")[:4]:
        if abs(times[index] - time) <= 0.75 * tick and name not in fields[index]:
            fields[index][name] = text
            return True
    return False
