"""Fields of single frames in PLUS's sequence files: `Seq_Frame0000_<Field>`, the same in metafiles and NRRD.

The format is described in PLUS's user manual and implemented in IGSIO (PlusToolkit, BSD-3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.frame_keys import frame_field_name, frame_key
from edge_sdk.containers.numbers import number, numbers
from edge_sdk.errors import FileFormatError
from edge_sdk.gray_range import range_from_text
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.sweep import GRAY_RANGE, MISSING, OK, Sweep, TrackedTransform
from edge_sdk.sweep.transforms import canonical_name, is_transform_name
from edge_sdk.sweep.unread_transforms import TRANSFORM, names_transform

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
        found = frame_key(key)
        if found is None:
            frames.header[key] = value
        else:
            frames.by_number.setdefault(found.number, {})[found.field] = value
    return frames


def in_order(frames: Mapping[int, Mapping[str, str]], count: int, size_field: str, path: Path) -> list[dict[str, str]]:
    """Fields of each of `count` frames.

    Numbers may have gaps while the pixels have none: then the fields follow the pixels in order.

    Raises:
        FileFormatError: It is unclear which frames they belong to.
    """
    given = sorted(frames)
    last = f"{given[-1]:04d}" if given else "none"
    # Every frame has a time stamp at least; where most lack it, the size is wrong.
    if len(given) > count or count > max(100, 10 * len(given)):
        raise FileFormatError(
            f"has fields for {len(given)} frames (up to Seq_Frame{last}), {size_field} says {count}",
            where=path,
            remedy=f"correct {size_field} or record it again",
        )
    if len(given) < count and given and given[-1] >= count:
        raise FileFormatError(
            f"has fields for {len(given)} of {count} frames, up to Seq_Frame{last}, so it is unclear "
            "which frames they belong to",
            where=path,
            remedy="number the frames from 0 without gaps",
        )
    return [dict(frames.get(number, {})) for number in (given if len(given) == count else range(count))]


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
        image_status=tuple(_status(frame.pop(status_field, status)) for frame in frames),
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
            yield frame_field_name(index, name), value
        yield frame_field_name(index, status_field), sweep.image_status[index] if sweep.image_status else status


def _timestamps(frames: list[dict[str, str]], path: Path) -> NDArray[np.float64]:
    """Seconds (N,); NaN where a frame has no time."""
    try:
        return np.array([number(frame.pop(_TIMESTAMP, "") or "nan") for frame in frames], np.float64)
    except ValueError as error:
        raise FileFormatError(f"a Timestamp is no number ({error})", where=path, remedy="correct the header") from error


def _transforms(frames: list[dict[str, str]], path: Path) -> dict[str, TrackedTransform]:
    """Take the transforms and their status out of the frames' fields."""
    keys = dict.fromkeys(key.removesuffix("Status") for frame in frames for key in frame)
    transforms: dict[str, TrackedTransform] = {}
    for field in filter(_is_transform, keys):
        name = canonical_name(field[: -len(TRANSFORM)])
        if name in transforms:
            raise FileFormatError(
                f"its frames have {name}{TRANSFORM} twice, once as {field}",
                where=path,
                remedy="rename or remove one of them",
            )
        matrices, status = [], []
        for index, frame in enumerate(frames):
            text = frame.pop(field, "").strip()
            stated = _status(frame.pop(f"{field}Status", OK))
            matrices.append(_matrix(text, field, index, path) if text else _NO_TRANSFORM)
            status.append(stated if text or stated != OK else MISSING)
        transforms[name] = TrackedTransform(np.array(matrices), tuple(status))
    return transforms


def _status(text: str) -> str:
    """A status as the file has it, but "OK" in capitals, as PLUS compares it."""
    return OK if text.upper() == OK else text


def _is_transform(key: str) -> bool:
    return names_transform(key) and is_transform_name(key[: -len(TRANSFORM)])


def _matrix(text: str, name: str, index: int, path: Path) -> NDArray[np.float64]:
    try:
        return numbers(text).reshape(4, 4)
    except ValueError:
        raise FileFormatError(
            f"{frame_field_name(index, name)} is {text[:40]!r}, expected 16 numbers",
            where=path,
            remedy="correct the header: numbers have a decimal point, and blanks between them",
        ) from None


def _numbers(matrix: NDArray[Any]) -> str:
    """The shortest text that reads back as the same numbers."""
    return " ".join(repr(float(value)).removesuffix(".0") for value in matrix.ravel())
