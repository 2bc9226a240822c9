"""Recording a sweep while it runs, so that a crash or a power cut costs no more than the last moment.

The files of a recording in progress (see `layout`) are forced to the disk at a stated interval, the pixels first.
`finish` makes a sequence file of them; `recovery` does for what a crash left.
"""

from __future__ import annotations

import os
import shutil
import time
import zlib
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.closing import Closing
from edge_sdk.errors import EdgeSdkError, FileFormatError
from edge_sdk.files import check_place
from edge_sdk.sweep.recording.layout import FRAMES, PIXELS, FrameLine, RecordingLine, checked_line, recording_of
from edge_sdk.sweep.recording.recovery import recover
from edge_sdk.sweep.recording.template import RecordingTemplate
from edge_sdk.sweep.sweep import OK

SYNC_S = 1.0
"""What a crash costs at most."""
Poses = Mapping[str, tuple[NDArray[np.float64], str]]
"""Name of a transform → its 4×4 matrix and status."""


def check_recording(path: Path) -> None:
    """Refuse, before the work, what `SweepRecorder` would refuse.

    Raises:
        EdgeSdkError: The place cannot be written, or a recording lies there already.
    """
    folder = recording_of(path)
    if folder.exists():
        raise EdgeSdkError(
            "is a recording that was not finished",
            where=folder,
            remedy=f"turn it into a sweep by `edge-sdk recover {folder}`, or remove it",
        )
    if path.exists():
        raise EdgeSdkError("is there already", where=path, remedy="choose another name to record to")
    check_place(path)


class SweepRecorder(Closing):
    """Appends frames to a recording; closing it keeps the folder, `finish` turns it into the sequence file.

    Attributes:
        frames: Frames appended so far.
        synced: Frames of them that are on the disk for certain.
    """

    def __init__(
        self,
        path: Path,
        template: RecordingTemplate,
        *,
        sync_s: float = SYNC_S,
    ) -> None:
        """
        Args:
            path: The sequence file that `finish` writes, such as S.igs.mha.
            template: Frame shape, pixel type and header of the recording.
            sync_s: Seconds between two moments at which everything is forced to the disk.

        Raises:
            EdgeSdkError: The place cannot be written, or a recording lies there already.
        """
        self.path, self.folder = path, recording_of(path)
        self.frames = self.synced = 0
        self._shape, self._dtype = template.shape, template.dtype
        self._sync_s = sync_s
        check_recording(path)
        try:
            self.folder.mkdir(parents=True)
            self._pixels = open(self.folder / PIXELS, "xb", buffering=0)  # noqa: SIM115 (closed by close)
            self._lines = open(self.folder / FRAMES, "xb", buffering=0)  # noqa: SIM115
        except OSError as cause:
            raise EdgeSdkError(
                f"cannot be written ({cause.strerror})", where=self.folder, remedy="choose another place to record to"
            ) from cause
        first = RecordingLine(self._shape, self._dtype.str, template.header_fields(), template.pixel_spacing)
        self._append(self._lines, checked_line(first.as_text()))
        self._sync_folder()
        self.sync()

    def add(
        self,
        image: NDArray[Any],
        timestamp: float,
        poses: Poses,
        *,
        image_status: str = OK,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Append a frame.

        Args:
            image: Pixels, of the recording's shape and type.
            timestamp: Seconds; NaN where unknown.
            poses: Its transforms.
            image_status: "OK", or what is wrong with the image.
            fields: Further fields of the frame.

        Raises:
            FileFormatError: The image has another shape or type.
            EdgeSdkError: The disk is full or gone; what was synced stays.
        """
        if image.shape != self._shape or image.dtype != self._dtype:
            raise FileFormatError(
                f"a frame of {image.shape} {image.dtype} came, the recording has {self._shape} {self._dtype}",
                where=self.path,
                remedy="record again after the change",
            )
        pixels = np.ascontiguousarray(image).reshape(-1).view(np.uint8).data
        self._append(self._pixels, pixels)
        line = FrameLine(
            time=timestamp if np.isfinite(timestamp) else None,
            poses={
                name: (status, np.asarray(matrix).ravel().tolist() if np.isfinite(matrix).all() else None)
                for name, (matrix, status) in poses.items()
            },
            image_status=image_status,
            fields=dict(fields or {}),
            crc=zlib.crc32(pixels),
        )
        self._append(self._lines, checked_line(line.as_text()))
        self.frames += 1
        if time.monotonic() - self._synced_at >= self._sync_s:
            self.sync()

    def sync(self) -> None:
        """Force everything to the disk.

        Raises:
            EdgeSdkError: The disk is full or gone.
        """
        try:
            os.fsync(self._pixels.fileno())
            os.fsync(self._lines.fileno())
        except OSError as cause:
            raise self._failed(cause) from cause
        self.synced = self.frames
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Let go of the files; a second call does nothing."""
        self._pixels.close()
        self._lines.close()

    def finish(self) -> int:
        """Write the sequence file and remove the recording; returns the number of frames.

        Raises:
            EdgeSdkError: The sequence file cannot be written; the recording stays.
        """
        self.sync()
        self.close()
        if self.frames:
            recover(self.folder, self.path)
        shutil.rmtree(self.folder)
        return self.frames

    def _append(self, stream: FileIO, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[stream.write(rest) :]
        except OSError as cause:
            raise self._failed(cause) from cause

    def _sync_folder(self) -> None:
        for folder in (self.folder, self.folder.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _failed(self, cause: OSError) -> EdgeSdkError:
        return EdgeSdkError(
            f"recording ends after {self.frames} frames ({cause.strerror})",
            where=self.folder,
            remedy="make room, then `edge-sdk recover` reads what was recorded",
        )
