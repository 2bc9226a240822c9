"""Names of the header fields of single frames in sequence files: `Seq_Frame0000_<Field>`, in metafiles and NRRD.

PLUS writes four digits, and more where it needs them; other exporters write ten. The number counts, not its digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_KEY = re.compile(r"Seq_Frame0*([0-9]{1,18})_(.+)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class FrameKey:
    """Name of a field of one frame.

    Attributes:
        number: Number of the frame, as the file counts.
        field: Name of the field, such as "ProbeToTrackerTransform".
    """

    number: int
    field: str


def frame_key(key: str) -> FrameKey | None:
    """Frame and field that a header field's name says; None where it is no field of a frame."""
    match = _KEY.fullmatch(key)
    return None if match is None else FrameKey(int(match[1]), match[2])


def is_frame_key(key: str) -> bool:
    """Whether a header field's name is that of a frame's field."""
    return _KEY.fullmatch(key) is not None


def frame_numbers(keys: Iterable[str]) -> set[int]:
    """Numbers of the frames that have fields."""
    return {found.number for found in map(frame_key, keys) if found is not None}


def frame_field_name(number: int, field: str) -> str:
    """Name of a frame's field, as PLUS writes it."""
    return f"Seq_Frame{number:04d}_{field}"
