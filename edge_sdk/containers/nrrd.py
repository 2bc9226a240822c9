"""NRRD containers (.nrrd, .nhdr + .raw/.raw.gz): header and pixels, without saying what they mean.

The format is described at https://teem.sourceforge.net/nrrd/format.html. pynrrd reads most such files, but decodes
headers as ASCII and drops what is not, drops comments, refuses single frames as PLUS writes them (one size fewer than
`dimension` says), and inflates pixels of any size before it compares them with the header.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.frame_keys import is_frame_key
from edge_sdk.containers.header_text import decoded, field_line, header_lines, trimmed, utf16_error
from edge_sdk.containers.pixel_bytes import (
    as_array,
    bunzip2,
    byte_count,
    from_hex,
    from_text,
    inflate,
    opened,
    pixel_file,
    read_raw,
)
from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path

_TYPES = {
    "i1": ("int8", "int8_t", "signed char"),
    "u1": ("uint8", "uint8_t", "uchar", "unsigned char"),
    "i2": ("int16", "int16_t", "short", "short int", "signed short", "signed short int"),
    "u2": ("uint16", "uint16_t", "ushort", "unsigned short", "unsigned short int"),
    "i4": ("int32", "int32_t", "int", "signed int"),
    "u4": ("uint32", "uint32_t", "uint", "unsigned int"),
    "i8": ("int64", "int64_t", "longlong", "long long", "long long int", "signed long long", "signed long long int"),
    "u8": ("uint64", "uint64_t", "ulonglong", "unsigned long long", "unsigned long long int"),
    "f4": ("float",),
    "f8": ("double",),
}
_KINDS = {name: kind for kind, names in _TYPES.items() for name in names}
_NO_PIXELS = "none"
"""PLUS's type of recordings without images."""
_TEXT = {"text", "txt", "ascii"}
_ALIASES = {"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip"}
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class NrrdFile:
    """Header and pixels.

    Attributes:
        fields: Values of the format's own fields ("sizes: …"), by lower-case name, as text, in the file's order.
        values: Everybody's own ("key:=value").
        comments: Without the leading #.
        sizes: Fastest axis first.
        kinds: What each axis is, in lower case ("domain", "list", "vector", "???" …).
        pixels: Slowest axis first, that is `sizes` reversed; None for a file without pixels.
    """

    fields: dict[str, str]
    values: dict[str, str]
    comments: tuple[str, ...]
    sizes: tuple[int, ...]
    kinds: tuple[str, ...]
    pixels: NDArray[Any] | None


def read_nrrd(path: str | Path, *, header_only: bool = False) -> NrrdFile:
    """Read header and pixels.

    Args:
        path: A .nrrd, or the .nhdr of a pair.
        header_only: Leave the pixels unread.

    Raises:
        FileFormatError: The file is missing, no NRRD, truncated, its sizes disagree with its pixels, or its encoding is
            none of raw, gzip, bzip2, hex and text.
    """
    path = Path(path)
    with opened(path) as stream:
        lines = header_lines(stream, path)
        fields, values, comments = _read_header(lines, path)
        sizes, kinds = _sizes(fields, path)
        pixels = None
        if not header_only and 0 not in sizes and (kind := _kind(fields, path)) is not None:
            name = fields.get("data file")
            if name is None:
                if lines is not stream:
                    raise utf16_error(path)
                pixels = _read_pixels(stream, fields, sizes[::-1], kind, path)
            else:
                data_path = pixel_file(path, name)
                with data_path.open("rb") as data:
                    pixels = _read_pixels(data, fields, sizes[::-1], kind, data_path)
        return NrrdFile(fields, values, comments, sizes, kinds, pixels)


def axis_vectors(text: str) -> list[tuple[float, ...] | None]:
    """Vectors of a field such as "space directions": "(1,0) (0,1) none"; None for "none".

    Raises:
        ValueError: A component is no number.
    """
    vectors = re.findall(r"\([^)]*\)|none", text)
    return [None if vector == "none" else tuple(map(float, vector[1:-1].split(","))) for vector in vectors]


def write_nrrd(
    path: str | Path,
    fields: Mapping[str, str],
    values: Mapping[str, str],
    pixels: NDArray[Any] | None,
    *,
    compressed: bool,
    comments: Iterable[str] = (),
) -> None:
    """Write header and pixels; .nhdr puts the pixels into .raw or .raw.gz beside it.

    Args:
        path: A .nrrd or .nhdr.
        fields: The format's own fields, in order; type, encoding, endian and data file are set here.
        values: Everybody's own.
        pixels: Slowest axis first; None for a file without pixels.
        compressed: One gzip stream for everything.
        comments: Without the leading #.

    Raises:
        FileFormatError: The pixels' type or a name has no counterpart in the format.
    """
    path = Path(path)
    kind = np.dtype(np.uint8) if pixels is None else pixels.dtype
    if kind.str[1:] not in _TYPES:
        raise FileFormatError(f"NRRD has no type for {kind}", where=path, remedy="convert the pixels, such as to uint8")
    data = b"" if pixels is None else pixels.astype(kind.newbyteorder("<"), copy=False).tobytes()
    compressed = compressed and bool(data)
    own = {"type": _TYPES[kind.str[1:]][0], "encoding": "gzip" if compressed else "raw", "endian": "little"}
    if compressed:
        data = gzip.compress(data, 6, mtime=0)
    beside = path.with_suffix(".raw.gz" if compressed else ".raw") if path.suffix.lower() == ".nhdr" else None
    if beside:
        own["data file"] = beside.name
    header = b"".join(
        (
            b"NRRD0004\n",
            *(f"# {line}\n".encode("utf-8", "surrogateescape") for line in comments),
            *(field_line(key, ": ", value, path) for key, value in {**fields, **own}.items()),
            *(field_line(key, ":=", value, path) for key, value in values.items()),
        )
    )
    if beside:
        with atomic_path(beside) as temporary:
            temporary.write_bytes(data)
        data = b""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(header)
        if not beside:
            stream.write(b"\n")
        stream.write(data)


def _read_header(stream: BinaryIO, path: Path) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """Fields, key/value pairs and comments, up to the empty line that ends the header."""
    remedy = "give a file as PLUS, 3D Slicer or ITK writes it, or copy it again"
    if not re.fullmatch(rb"NRRD\d{4}\r?\n", stream.readline(_LONGEST_LINE)):
        raise FileFormatError("is not an NRRD file", where=path, remedy=remedy)
    fields: dict[str, str] = {}
    values: dict[str, str] = {}
    comments: list[str] = []
    while line := stream.readline(_LONGEST_LINE):
        text = decoded(line).rstrip("\r\n")
        if not text:
            return fields, values, tuple(comments)
        if text.startswith("#"):
            comments.append(trimmed(text[1:]))
            continue
        key, colon, value = text.partition(":")
        # The name of a frame's field may hold colons, as transforms of PLUS do.
        if is_frame_key(trimmed(text.partition(":=")[0])):
            key, colon, value = text.partition(":=")
            value = f"={value}"
        if not colon or not trimmed(key) or not key.isprintable():
            raise FileFormatError(
                f"has a header line that is not 'field: value': {line[:40]!r}", where=path, remedy=remedy
            )
        if value.startswith("="):
            values[trimmed(key)] = trimmed(value[1:])
        else:
            name = trimmed(key).lower()
            fields[_ALIASES.get(name, name)] = trimmed(value)
    if "data file" not in fields:
        raise FileFormatError("ends inside its header, without an empty line", where=path, remedy=remedy)
    return fields, values, tuple(comments)


def _sizes(fields: Mapping[str, str], path: Path) -> tuple[tuple[int, ...], tuple[str, ...]]:
    try:
        sizes = tuple(int(size) for size in fields["sizes"].split())
        kinds = tuple(fields.get("kinds", "??? " * len(sizes)).lower().split())
        count = int(fields["dimension"])
        # PLUS counts the axis of a single frame, but leaves it out of the sizes.
        single = kinds[-2:] == ("domain", "domain") and kinds[:-2] in {(), ("vector",)} and count == len(sizes) + 1
        if not sizes or len(sizes) != count - single or len(kinds) != len(sizes) or min(sizes) < 0:
            raise ValueError
    except (KeyError, ValueError):
        raise FileFormatError(
            f"its header says dimension={fields.get('dimension')}, sizes={fields.get('sizes')}, "
            f"kinds={fields.get('kinds')}, expected as many of them as dimensions",
            where=path,
            remedy="correct the header or export the file again",
        ) from None
    return sizes, kinds


def _kind(fields: Mapping[str, str], path: Path) -> np.dtype[Any] | None:
    """Type of the pixels, None where there are none."""
    name = fields.get("type", "").lower()
    if name == _NO_PIXELS:
        return None
    if name not in _KINDS:
        raise FileFormatError(
            f"its type is {name[:40]!r}" if name else "has no type",
            where=path,
            remedy=f"expected one of {', '.join(names[0] for names in _TYPES.values())}",
        )
    kind = np.dtype(_KINDS[name])
    endian = fields.get("endian", "").lower()
    if endian not in {"big", "little"} and kind.itemsize > 1 and fields.get("encoding", "").lower() not in _TEXT:
        raise FileFormatError(
            f"endian is {endian[:40]!r}", where=path, remedy="expected big or little; correct the header"
        )
    return kind.newbyteorder(">" if endian == "big" else "<")


def _read_pixels(
    stream: BinaryIO, fields: Mapping[str, str], shape: tuple[int, ...], kind: np.dtype[Any], path: Path
) -> NDArray[Any]:
    declared = f"sizes {fields['sizes']} of {fields['type']}"
    expected = byte_count(shape, kind)
    encoding = fields.get("encoding", "").lower()
    for _ in range(_skip(fields, "line skip", path)):
        if not stream.readline():
            break
    skip = _skip(fields, "byte skip", path, least=-1)
    if encoding == "raw":
        return as_array(read_raw(stream, expected, path, declared, skip=skip), shape, kind)
    if skip:
        raise FileFormatError(
            f"skips bytes of pixels encoded as {encoding[:40]}",
            where=path,
            remedy="export it as raw or without skipping",
        )
    if encoding in {"gzip", "gz"}:
        return as_array(inflate(stream, expected, path, declared), shape, kind)
    if encoding in {"bzip2", "bz2"}:
        return as_array(bunzip2(stream, expected, path, declared), shape, kind)
    if encoding in _TEXT:
        return from_text(stream, shape, kind, path, declared)
    if encoding == "hex":
        return as_array(from_hex(stream, expected, path, declared), shape, kind)
    raise FileFormatError(
        f"its encoding is {encoding[:40]!r}" if encoding else "has no encoding",
        where=path,
        remedy="expected raw, gzip, bzip2, hex or text",
    )


def _skip(fields: Mapping[str, str], name: str, path: Path, least: int = 0) -> int:
    try:
        value = int(fields.get(name, "0"))
    except ValueError:
        value = -2
    if value < least:
        raise FileFormatError(
            f"{name} is {fields[name][:40]!r}, expected a whole number of at least {least}",
            where=path,
            remedy="correct the header",
        )
    return value
