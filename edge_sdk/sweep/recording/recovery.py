"""Reading a recording that `SweepRecorder` made, whole or cut short by a crash."""

from __future__ import annotations

import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.recording.layout import FRAMES, PIXELS, FrameLine, RecordingLine, checked_lines
from edge_sdk.sweep.sweep import MISSING, Sweep, TrackedTransform


def read_recording(folder: Path) -> Sweep:
    """All frames up to the first that is not there as a whole; the images are read when they are used.

    Raises:
        FileFormatError: The folder is no recording, of a newer schema, or holds no frame.
    """
    try:
        text = (folder / FRAMES).read_bytes()
    except OSError as cause:
        raise FileFormatError(
            f"is no recording ({cause.strerror})", where=folder, remedy="give the folder NAME.recording"
        ) from cause
    lines = checked_lines(text)
    recording = RecordingLine.from_text(next(lines, b"{}"), folder)
    images = _pixels(folder / PIXELS, recording.shape, np.dtype(recording.dtype))
    frames = []
    for line, image in zip(map(FrameLine.from_text, lines), images, strict=False):
        if zlib.crc32(image.reshape(-1).view(np.uint8).data) != line.crc:
            break
        frames.append(line)
    if not frames:
        raise FileFormatError("holds no whole frame", where=folder, remedy="record again")
    return Sweep(
        images=images[: len(frames)],
        timestamps=np.array([np.nan if frame.time is None else frame.time for frame in frames]),
        transforms=_transforms(frames),
        image_status=tuple(frame.image_status for frame in frames),
        fields=tuple(frame.fields for frame in frames),
        header=recording.header,
        source=folder,
        pixel_spacing=recording.pixel_spacing,
        provenance=Provenance.from_header(recording.header),
    )


def recover(folder: Path, path: Path) -> int:
    """Write a recording as a sequence file; returns the number of frames. The recording stays.

    Raises:
        FileFormatError: There is nothing to read, or the suffix is unknown.
        EdgeSdkError: The file cannot be written.
    """
    sweep = read_recording(folder)
    write_sweep(sweep, path, compressed=False)
    return len(sweep)


def _pixels(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """(N, H, W[, C]) of as many whole frames as the file holds."""
    whole = path.stat().st_size // (prod(shape) * dtype.itemsize) if path.is_file() else 0
    if not whole:
        return np.empty((0, *shape), dtype)
    return np.memmap(path, dtype, "r", shape=(whole, *shape))


def _transforms(frames: list[FrameLine]) -> dict[str, TrackedTransform]:
    found = {}
    for name in dict.fromkeys(name for frame in frames for name in frame.poses):
        matrices = np.full((len(frames), 4, 4), np.nan)
        statuses = [MISSING] * len(frames)
        for index, frame in enumerate(frames):
            if name in frame.poses:
                statuses[index], numbers = frame.poses[name]
                if numbers is not None:
                    matrices[index] = np.reshape(numbers, (4, 4))
        found[name] = TrackedTransform(matrices, tuple(statuses))
    return found
