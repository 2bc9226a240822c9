"""PLUS's sequence metafile: a MetaImage whose header carries fields per frame.

The format is described in PLUS's user manual and implemented in IGSIO (PlusToolkit, BSD-3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError, PoseError
from edge_sdk.metaimage import NO_PIXELS, element_type, read_metaimage, write_metaimage
from edge_sdk.sweep.formats.orientation import to_mf
from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform
from edge_sdk.sweep.transforms import split_name

_FRAME_FIELD = re.compile(r"Seq_Frame(\d+)_(\w+)")
_STRUCTURE = {
    "ObjectType", "NDims", "DimSize", "ElementType", "ElementNumberOfChannels", "BinaryData", "BinaryDataByteOrderMSB",
    "ElementByteOrderMSB", "CompressedData", "CompressedDataSize", "ElementDataFile", "HeaderSize", "Kinds",
    "UltrasoundImageOrientation", "UltrasoundImageType",
}  # fmt: skip
_MISSING = "MISSING"
_NO_TRANSFORM = np.full((4, 4), np.nan)


def is_sequence(path: Path) -> bool:
    """Whether a .mha or .mhd holds a sweep: frames with fields of their own, or none but tracking.

    Raises:
        FileFormatError: Its header cannot be read.
    """
    fields = read_metaimage(path, header_only=True).fields
    tracked = any(key.startswith("Seq_Frame") for key in fields)
    # PLUS writes reconstructed volumes with fields of one frame; their last axis is one of space.
    spatial = fields.get("Kinds", "domain domain list").split()[-1:] == ["domain"]
    return (tracked and not spatial) or fields.get("ElementType") == NO_PIXELS


def read_sequence(path: Path) -> Sweep:
    """Read a sequence metafile; see `edge_sdk.sweep.formats.read_sweep`."""
    file = read_metaimage(path)
    frames, header = _split(file.fields)
    kinds = file.fields.get("Kinds", "domain domain list").split()
    if not frames or kinds[-1] == "domain":
        raise FileFormatError(
            "is a volume or picture, not a tracked sweep: it has no frames with fields of their own (Seq_Frame0000_…)",
            where=path,
            remedy="give a recording; segment and read_volume take volumes",
        )
    if len(file.dimensions) != 3 or kinds[:2] != ["domain", "domain"]:
        raise FileFormatError(
            f"has DimSize {file.fields['DimSize']} and Kinds {' '.join(kinds)}, expected width, height and frames",
            where=path,
            remedy="export it as a 2D + time sequence",
        )
    count = file.dimensions[2]
    numbers = sorted(frames)
    if len(numbers) > count:
        raise FileFormatError(
            f"has fields for {len(numbers)} frames (up to Seq_Frame{numbers[-1]:04d}), DimSize says {count}",
            where=path,
            remedy="correct DimSize or record it again",
        )
    # Numbers may have gaps while the pixels have none: then the fields follow the pixels in order.
    order = numbers if len(numbers) == count else range(count)
    if numbers[-1] >= count and len(numbers) < count:
        raise FileFormatError(
            f"has fields for {len(numbers)} of {count} frames, up to Seq_Frame{numbers[-1]:04d}, so it is unclear "
            "which frames they belong to",
            where=path,
            remedy="number the frames from 0 without gaps",
        )
    fields = [frames.get(number, {}) for number in order]
    images = np.zeros((count, 0, 0), np.uint8)
    if file.pixels is not None:
        images = to_mf(file.pixels, file.fields.get("UltrasoundImageOrientation", "MF"), path)
    has_images = images.size > 0
    return Sweep(
        images=images,
        timestamps=_timestamps(fields, path),
        transforms=_transforms(fields, path),
        image_status=tuple(frame.pop("ImageStatus", OK if has_images else "INVALID") for frame in fields),
        fields=tuple(fields),
        header=header,
        source=path,
    )


def write_sequence(sweep: Sweep, path: Path, *, compressed: bool) -> None:
    """Write a sequence metafile; see `edge_sdk.sweep.formats.write_sweep`."""
    count = len(sweep)
    has_images = sweep.images.size > 0
    height, width = sweep.images.shape[1:3] if has_images else (0, 0)
    channels = sweep.images.shape[3] if sweep.images.ndim == 4 else 1
    fields = {
        "ObjectType": "Image",
        "NDims": "3",
        "AnatomicalOrientation": "RAI",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CenterOfRotation": "0 0 0",
        "CompressedData": "",
        "CompressedDataSize": "",
        "DimSize": f"{width} {height} {count}",
        "ElementNumberOfChannels": str(channels),
        "ElementSpacing": "1 1 1",
        "ElementType": element_type(sweep.images.dtype) if has_images else NO_PIXELS,
        "Kinds": "domain domain list",
        "Offset": "0 0 0",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "UltrasoundImageOrientation": "MF" if has_images else "XX",
        "UltrasoundImageType": ("RGB_COLOR" if channels == 3 else "BRIGHTNESS") if has_images else "XX",
    }
    fields |= {key: value for key, value in sweep.header.items() if key not in fields}
    for index in range(count):
        for name, value in _frame_fields(sweep, index):
            fields[f"Seq_Frame{index:04d}_{name}"] = value
    pixels = None
    if has_images:
        pixels = sweep.images.astype(sweep.images.dtype.newbyteorder("<"), copy=False)
    write_metaimage(path, fields, pixels, compressed=compressed)


def _split(fields: Mapping[str, str]) -> tuple[dict[int, dict[str, str]], dict[str, str]]:
    """Fields by frame number, and the header's own."""
    frames: dict[int, dict[str, str]] = {}
    header: dict[str, str] = {}
    for key, value in fields.items():
        match = _FRAME_FIELD.fullmatch(key)
        if match:
            frames.setdefault(int(match[1]), {})[match[2]] = value
        elif key not in _STRUCTURE:
            header[key] = value
    return frames, header


def _timestamps(frames: list[dict[str, str]], path: Path) -> NDArray[np.float64]:
    try:
        return np.array([float(frame.pop("Timestamp", "nan")) for frame in frames], np.float64)
    except ValueError as error:
        raise FileFormatError(f"a Timestamp is no number ({error})", where=path, remedy="correct the header") from error


def _transforms(frames: list[dict[str, str]], path: Path) -> dict[str, TrackedTransform]:
    """Take the transforms and their status out of the frames' fields."""
    names = dict.fromkeys(key for frame in frames for key in frame if _is_transform(key))
    transforms: dict[str, TrackedTransform] = {}
    for name in names:
        matrices, status = [], []
        for index, frame in enumerate(frames):
            text = frame.pop(name, None)
            word = frame.pop(f"{name}Status", OK)
            matrices.append(_NO_TRANSFORM if text is None else _matrix(text, name, index, path))
            status.append(_MISSING if text is None else word)
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


def _frame_fields(sweep: Sweep, index: int) -> list[tuple[str, str]]:
    """Every field of one frame, in the order in which PLUS writes them."""
    own: list[tuple[str, str]] = []
    for name, transform in sorted(sweep.transforms.items()):
        status = transform.status[index]
        if status == _MISSING and np.isnan(transform.matrices[index]).any():
            continue
        own += [
            (f"{name}Transform", _numbers(transform.matrices[index])),
            (f"{name}TransformStatus", status),
        ]
    if sweep.fields:
        own += list(sweep.fields[index].items())
    if np.isfinite(sweep.timestamps[index]):
        own.append(("Timestamp", f"{sweep.timestamps[index]:.6f}"))
    own.append(("ImageStatus", sweep.image_status[index] if sweep.image_status else OK))
    return own


def _numbers(matrix: NDArray[Any]) -> str:
    """The shortest text that reads back as the same numbers."""
    return " ".join(repr(float(value)).removesuffix(".0") for value in matrix.ravel())
