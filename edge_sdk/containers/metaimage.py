"""MetaImage containers (.mha, .mhd + .raw/.zraw): header fields and pixels, without saying what they mean.

ITK's readers drop per-frame fields or fail on tracking-only files, so sweeps and volumes share this reader.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.header_text import decoded, field_line, header_lines, trimmed, utf16_error
from edge_sdk.containers.pixel_bytes import as_array, byte_count, inflate, opened, pixel_file, read_raw
from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path

_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_NAMES = {np.dtype(kind).newbyteorder("=").str[1:]: name for name, kind in reversed(_TYPES.items())}
NO_PIXELS = "MET_OTHER"
_LOCAL = "LOCAL"
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class MetaImage:
    """Header fields, stripped, in the file's order, and pixels.

    Attributes:
        fields: By key; the structural ones (DimSize, ElementType, …) included.
        dimensions: Of DimSize, fastest axis first, without the channels.
        kinds: What each of `dimensions` is, in lower case: "domain" for space, "list" or "time" for frames; where the
            file does not say, the last one is "list", as PLUS takes it.
        pixels: Slowest axis first, that is `dimensions` reversed, channels last; None for a file without pixels.
    """

    fields: dict[str, str]
    dimensions: tuple[int, ...]
    kinds: tuple[str, ...]
    pixels: NDArray[Any] | None


def read_metaimage(path: str | Path, *, header_only: bool = False) -> MetaImage:
    """Read header and pixels.

    Args:
        path: A .mha, or the .mhd of a pair.
        header_only: Leave the pixels unread.

    Raises:
        FileFormatError: The file is missing, no MetaImage, truncated, or its sizes disagree with its pixels.
    """
    path = Path(path)
    with opened(path) as stream:
        lines = header_lines(stream, path)
        fields = _read_fields(lines, path)
        dimensions, kinds, channels = _dimensions(fields, path)
        pixels = None
        if not header_only and (kind := _element_kind(fields, path)) is not None and 0 not in dimensions:
            shape = (*dimensions[::-1], *((channels,) if channels > 1 else ()))
            if fields["ElementDataFile"].upper() == _LOCAL:
                if lines is not stream:
                    raise utf16_error(path)
                pixels = _read_pixels(stream, fields, shape, kind, path)
            else:
                data_path = pixel_file(path, fields["ElementDataFile"])
                with data_path.open("rb") as data:
                    pixels = _read_pixels(data, fields, shape, kind, data_path)
        return MetaImage(fields, dimensions, kinds, pixels)


def write_metaimage(
    path: str | Path, fields: Mapping[str, str], pixels: NDArray[Any] | None, *, compressed: bool
) -> None:
    """Write header and pixels; .mhd puts the pixels into .raw or .zraw beside it.

    Args:
        path: A .mha or .mhd.
        fields: All header fields in order; CompressedData, CompressedDataSize and ElementDataFile are set here
            and only keep their place.
        pixels: Slowest axis first, C order; None for a file without pixels.
        compressed: One zlib stream for everything.
    """
    path = Path(path)
    # Without a copy: a recording of an hour is larger than the memory.
    data = memoryview(b"") if pixels is None else np.ascontiguousarray(pixels).reshape(-1).view(np.uint8).data
    lines = dict(fields)
    if compressed and data:
        data = memoryview(zlib.compress(data, 6))
        lines |= {"CompressedData": "True", "CompressedDataSize": str(len(data))}
    else:
        lines["CompressedData"] = "False"
        lines.pop("CompressedDataSize", None)
    beside = None
    if path.suffix.lower() == ".mhd" and pixels is not None:
        beside = path.with_suffix(".zraw" if lines["CompressedData"] == "True" else ".raw")
    lines["ElementDataFile"] = beside.name if beside else "LOCAL"
    header = b"".join(field_line(key, " = ", value, path) for key, value in lines.items())
    if beside:
        with atomic_path(beside) as temporary:
            temporary.write_bytes(data)
        data = memoryview(b"")
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(header)
        stream.write(data)


def element_type(kind: np.dtype[Any]) -> str:
    """MetaImage's name of a NumPy type.

    Raises:
        FileFormatError: MetaImage has no such type.
    """
    name = _NAMES.get(kind.str[1:])
    if name is None:
        raise FileFormatError(
            f"MetaImage has no element type for {kind}", remedy="convert the pixels, such as to uint8"
        )
    return name


def _read_fields(stream: BinaryIO, path: Path) -> dict[str, str]:
    """Fields up to and including ElementDataFile."""
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        line = stream.readline(_LONGEST_LINE)
        key, equals, value = map(trimmed, decoded(line).partition("="))
        # The last line of an .mhd may lack its line break.
        complete = line.endswith(b"\n") or (key == "ElementDataFile" and value.upper() not in {"", _LOCAL})
        if not complete or not equals or not key or not key.isprintable():
            raise _bad_header(line, bool(fields), path)
        fields[key] = value
    return fields


def _bad_header(line: bytes, begun: bool, path: Path) -> FileFormatError:
    if not begun:
        what = "is not a metafile"
    elif line.endswith(b"\n"):
        what = f"has a header line that is not 'Key = Value': {line[:40]!r}"
    else:
        what = "ends inside its header, without ElementDataFile"
    return FileFormatError(
        what,
        where=path,
        remedy="give a .mha or .mhd file as PLUS, 3D Slicer or ITK writes it, or copy it again",
    )


def _dimensions(fields: Mapping[str, str], path: Path) -> tuple[tuple[int, ...], tuple[str, ...], int]:
    """Sizes and kinds without the channels, and the number of channels.

    PLUS counts the axis of frames in NDims, but leaves that of a single frame out of the sizes, and gives channels as
    an axis of their own ("vector") that it does not count.
    """
    try:
        size = [int(number) for number in fields["DimSize"].split()]
        kinds = fields.get("Kinds", "domain " * (len(size) - 1) + "list").lower().split()
        channels = int(fields.get("ElementNumberOfChannels", "1"))
        count = int(fields["NDims"])
        if kinds[0] == "vector":
            channels = size.pop(0)
            del kinds[0]
            count = min(count, len(size))
        if count != len(size) + (count == 3 and kinds == ["domain", "domain"]):
            raise ValueError
        if not size or len(kinds) != len(size) or min(size) < 0 or channels < 1:
            raise ValueError
    except (KeyError, ValueError, IndexError):
        raise FileFormatError(
            f"its header says NDims={fields.get('NDims')}, DimSize={fields.get('DimSize')}, expected as many sizes as "
            "dimensions",
            where=path,
            remedy="correct the header or export the file again",
        ) from None
    return tuple(size), tuple(kinds), channels


def _element_kind(fields: Mapping[str, str], path: Path) -> np.dtype[Any] | None:
    """Type of the pixels, None where there are none."""
    name = fields.get("ElementType", "").removesuffix("_ARRAY")
    if name in {NO_PIXELS, "MET_NONE"}:
        return None
    if name not in _TYPES:
        raise FileFormatError(
            f"ElementType {name or 'is absent'}", where=path, remedy=f"expected one of {', '.join(_TYPES)}"
        )
    msb = _flag(fields, "ElementByteOrderMSB")
    return np.dtype(_TYPES[name]).newbyteorder(">" if _flag(fields, "BinaryDataByteOrderMSB", default=msb) else "<")


def _flag(fields: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """A field that is true or false, by its first letter as MetaIO has it: True, true, T and 1 are true."""
    return fields[name][:1] in {"T", "t", "1"} if fields.get(name) else default


def _read_pixels(
    stream: BinaryIO, fields: Mapping[str, str], shape: tuple[int, ...], kind: np.dtype[Any], path: Path
) -> NDArray[Any]:
    if not _flag(fields, "BinaryData", default=True):
        raise FileFormatError("holds its pixels as text", where=path, remedy="export it with BinaryData = True")
    declared = f"DimSize {fields['DimSize']} of {fields['ElementType']}"
    expected = byte_count(shape, kind)
    if not _flag(fields, "CompressedData"):
        skip = _integer(fields, "HeaderSize", path)
        return as_array(read_raw(stream, expected, path, declared, skip=skip), shape, kind)
    size = _integer(fields, "CompressedDataSize", path)
    there = os.fstat(stream.fileno()).st_size - stream.tell()
    if there < size:
        raise FileFormatError(
            f"is truncated: CompressedDataSize is {size}, there are {there} bytes",
            where=path,
            remedy="copy the file again or correct its header",
        )
    return as_array(inflate(stream, expected, path, declared), shape, kind)


def _integer(fields: Mapping[str, str], key: str, path: Path) -> int:
    try:
        return int(fields.get(key, "0"))
    except ValueError:
        raise FileFormatError(
            f"{key} is {fields[key][:40]!r}, expected a whole number", where=path, remedy="correct the header"
        ) from None
