"""Fields of single frames in PLUS's sequence files: `Seq_Frame0000_<Field>`, the same in metafiles and NRRD.

The format is described in PLUS's user manual and implemented in IGSIO (PlusToolkit, BSD-3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError, PoseError
from edge_sdk.gray_range import range_from_text
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.sweep import GRAY_RANGE, MISSING, OK, Sweep, TrackedTransform
from edge_sdk.sweep.transforms import split_name

_FRAME_FIELD = re.compile(r"Seq_Frame([0-9]{1,9})_(.+)", re.DOTALL)
_TIMESTAMP = "Timestamp"
_NO_TRANSFORM = np.full((4, 4), np.nan)


@dataclass(frozen=True)
class Frames:
    """Fields of the frames, by the numbers that the file gives them, and the header's other fields."""

    by_number: dict[int, dict[str, str]]
    header: dict[str, str]


def split_frames(fields: Mapping[str, str]) -> Frames:
    """Sort a header's fields into those of frames and its own."""
    frames = Frames({}, {})
    for key, value in fields.items():
        match = _FRAME_FIELD.fullmatch(key)
        if match:
            frames.by_number.setdefault(int(match[1]), {})[match[2]] = value
        else:
            frames.header[key] = value
    return frames


def in_order(frames: Mapping[int, Mapping[str, str]], count: int, size_field: str, path: Path) -> list[dict[str, str]]:
    """Fields of each of `count` frames.

    Numbers may have gaps while the pixels have none: then the fields follow the pixels in order.

    Raises:
        FileFormatError: It is unclear which frames they belong to.
    """
    numbers = sorted(frames)
    last = f"{numbers[-1]:04d}" if numbers else "none"
    # Every frame has a time stamp at least; where most lack it, the size is wrong.
    if len(numbers) > count or count > max(100, 10 * len(numbers)):
        raise FileFormatError(
            f"has fields for {len(numbers)} frames (up to Seq_Frame{last}), {size_field} says {count}",
            where=path,
            remedy=f"correct {size_field} or record it again",
        )
    if len(numbers) < count and numbers and numbers[-1] >= count:
        raise FileFormatError(
            f"has fields for {len(numbers)} of {count} frames, up to Seq_Frame{last}, so it is unclear "
            "which frames they belong to",
            where=path,
            remedy="number the frames from 0 without gaps",
        )
    return [dict(frames.get(number, {})) for number in (numbers if len(numbers) == count else range(count))]


def sweep_of(
    frames: list[dict[str, str]],
    images: NDArray[Any],
    status_field: str,
    header: dict[str, str],
    path: Path,
    pixel_spacing: tuple[float, float] | None,
) -> Sweep:
    """A sweep of the frames' images and fields.

    Args:
        frames: Fields of each frame; those with a meaning of their own are taken out.
        images: (N, H, W) or (N, H, W, C), MF; N×0×0 without images.
        status_field: The format's field for the status of the image.
        header: The file's other fields.
        path: Where it came from.
        pixel_spacing: mm (x, y), where known.

    Raises:
        FileFormatError: A time or a transform is not made of numbers.
    """
    times = _timestamps(frames, path)
    transforms = _transforms(frames, path)
    status = OK if images.size else "INVALID"
    return Sweep(
        images=images,
        timestamps=times,
        transforms=transforms,
        image_status=tuple(frame.pop(status_field, status) for frame in frames),
        fields=tuple(frames),
        header=header,
        source=path,
        pixel_spacing=pixel_spacing,
        gray_range=range_from_text(header.get(GRAY_RANGE, "")),
        provenance=Provenance.from_header(header),
    )


def frame_lines(sweep: Sweep, status_field: str, path: Path) -> Iterator[tuple[str, str]]:
    """Names and values of every frame's fields, in the order in which PLUS writes them.

    Raises:
        FileFormatError: A field of a frame has the name of one that the sweep itself has.
    """
    status = OK if sweep.images.size else "INVALID"
    for index in range(len(sweep)):
        own = {_TIMESTAMP: repr(float(sweep.timestamps[index])).removesuffix(".0")}
        if np.isnan(sweep.timestamps[index]):
            own = {}
        for name, transform in sweep.transforms.items():
            matrix, pose_status = transform.matrices[index], transform.status[index]
            if not np.isnan(matrix).all() or pose_status == OK:
                own[f"{name}Transform"] = _numbers(matrix)
            own[f"{name}TransformStatus"] = pose_status
        others = sweep.fields[index] if sweep.fields else {}
        if clash := {*own, _TIMESTAMP, status_field} & {*others}:
            raise FileFormatError(
                f"frame {index} has a field named {min(clash)}, which says something else in the format",
                where=path,
                remedy="rename the field",
            )
        for name, value in sorted({**own, **others}.items()):
            yield f"Seq_Frame{index:04d}_{name}", value
        yield f"Seq_Frame{index:04d}_{status_field}", sweep.image_status[index] if sweep.image_status else status


def _timestamps(frames: list[dict[str, str]], path: Path) -> NDArray[np.float64]:
    try:
        return np.array([float(frame.pop(_TIMESTAMP, "nan")) for frame in frames], np.float64)
    except ValueError as error:
        raise FileFormatError(f"a Timestamp is no number ({error})", where=path, remedy="correct the header") from error


def _transforms(frames: list[dict[str, str]], path: Path) -> dict[str, TrackedTransform]:
    """Take the transforms and their status out of the frames' fields."""
    keys = dict.fromkeys(key.removesuffix("Status") for frame in frames for key in frame)
    transforms: dict[str, TrackedTransform] = {}
    for name in filter(_is_transform, keys):
        matrices, status = [], []
        for index, frame in enumerate(frames):
            text = frame.pop(name, None)
            stated = frame.pop(f"{name}Status", OK)
            matrices.append(_NO_TRANSFORM if text is None else _matrix(text, name, index, path))
            status.append(MISSING if text is None and stated == OK else stated)
        transforms[name.removesuffix("Transform")] = TrackedTransform(np.array(matrices), tuple(status))
    return transforms


def _is_transform(key: str) -> bool:
    if not key.endswith("Transform"):
        return False
    try:
        split_name(key.removesuffix("Transform"))
    except PoseError:
        return False
    return True


def _matrix(text: str, name: str, index: int, path: Path) -> NDArray[np.float64]:
    try:
        return np.array(text.split(), np.float64).reshape(4, 4)
    except ValueError:
        raise FileFormatError(
            f"Seq_Frame{index:04d}_{name} is {text[:40]!r}, expected 16 numbers",
            where=path,
            remedy="correct the header",
        ) from None


def _numbers(matrix: NDArray[Any]) -> str:
    """The shortest text that reads back as the same numbers."""
    return " ".join(repr(float(value)).removesuffix(".0") for value in matrix.ravel())
