"""The layout of a recording in progress: its folder, files and checked lines.

`NAME.recording` holds two files that only grow: `pixels.raw`, one frame after the other, and `frames.jsonl`, a line
for the recording and one for each frame, each with a checksum.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_sdk.errors import FileFormatError

SUFFIX = ".recording"
PIXELS, FRAMES = "pixels.raw", "frames.jsonl"
FORMAT = "edge-sdk recording"
SCHEMA = 1


@dataclass(frozen=True)
class RecordingLine:
    """The first line of `frames.jsonl`; the fields' names are its keys, after "format" and "schema".

    Attributes:
        shape: Shape of a frame: rows, columns and, where there are several, channels.
        dtype: Type of a pixel, as `numpy.dtype.str` has it.
        header: Fields of the sequence file's header.
        pixel_spacing: Size of a pixel (x, y), in mm; None where it is not known.
    """

    shape: tuple[int, ...]
    dtype: str
    header: dict[str, str]
    pixel_spacing: tuple[float, float] | None

    def as_text(self) -> bytes:
        """JSON without a line end."""
        return json.dumps({"format": FORMAT, "schema": SCHEMA, **vars(self)}, allow_nan=False).encode()

    @classmethod
    def from_text(cls, text: bytes, folder: Path) -> RecordingLine:
        """Read what `as_text` gave.

        Args:
            text: JSON; "{}" where the file has no whole line.
            folder: The recording, named in errors.

        Raises:
            FileFormatError: It does not begin a recording, or is of a newer schema.
        """
        values = json.loads(text)
        if values.get("format") != FORMAT:
            raise FileFormatError(
                "does not begin as a recording does", where=folder / FRAMES, remedy="nothing can be read"
            )
        if values["schema"] > SCHEMA:
            raise FileFormatError(
                f"recording of schema {values['schema']}, this version reads up to {SCHEMA}",
                where=folder,
                remedy="update edge-sdk",
            )
        spacing = values["pixel_spacing"]
        return cls(
            tuple(values["shape"]),
            values["dtype"],
            values["header"],
            None if spacing is None else (spacing[0], spacing[1]),
        )


@dataclass(frozen=True)
class FrameLine:
    """A further line of `frames.jsonl`, for one frame; the fields' names are its keys.

    Attributes:
        time: Timestamp in seconds; None where it is not known.
        poses: Name of a transform → its status, and the 16 numbers of its 4×4 matrix, row by row; None for a matrix
            that is not finite.
        image_status: "OK", or what is wrong with the image.
        fields: Further fields of the frame.
        crc: CRC-32 of the frame's pixels.
    """

    time: float | None
    poses: dict[str, tuple[str, list[float] | None]]
    image_status: str
    fields: dict[str, str]
    crc: int

    def as_text(self) -> bytes:
        """JSON without a line end."""
        return json.dumps(vars(self), allow_nan=False).encode()

    @classmethod
    def from_text(cls, text: bytes) -> FrameLine:
        """Read what `as_text` gave."""
        values = json.loads(text)
        poses = {name: (status, numbers) for name, (status, numbers) in values["poses"].items()}
        return cls(values["time"], poses, values["image_status"], values["fields"], values["crc"])


def recording_of(path: Path) -> Path:
    """The folder of the recording that will become the sequence file `path`."""
    return path.with_name(path.name + SUFFIX)


def checked_line(text: bytes) -> bytes:
    """A line of the file: the checksum of `text`, a blank, `text` and the line's end."""
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def checked_lines(content: bytes) -> Iterator[bytes]:
    """The texts of a file's lines, up to the first line that is cut short or damaged."""
    for line in content.splitlines(keepends=True):
        checksum, _, text = line.partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text[:-1]):
            return
        yield text[:-1]
