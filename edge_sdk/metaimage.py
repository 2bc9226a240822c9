"""MetaImage containers (.mha, .mhd + .raw/.zraw): header fields and pixels, without saying what they mean.

ITK's readers drop per-frame fields or fail on tracking-only files, so sweeps and volumes share this reader.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.files import atomic_path

_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_NAMES = {np.dtype(kind).newbyteorder("=").str[1:]: name for name, kind in reversed(_TYPES.items())}
NO_PIXELS = "MET_OTHER"
_LONGEST_LINE = 1 << 20
_HIGHEST_RATIO = 1100
"""zlib cannot compress better than about 1:1032."""


@dataclass(frozen=True)
class MetaImage:
    """Header fields, stripped, in the file's order, and pixels.

    Attributes:
        fields: By key; the structural ones (DimSize, ElementType, …) included.
        pixels: Slowest axis first, that is DimSize reversed, channels last; None for a file without pixels.
    """

    fields: dict[str, str]
    pixels: NDArray[Any] | None

    @property
    def dimensions(self) -> tuple[int, ...]:
        """DimSize as in the file, fastest axis first."""
        return tuple(int(word) for word in self.fields["DimSize"].split())


def read_metaimage(path: str | Path, *, header_only: bool = False) -> MetaImage:
    """Read header and pixels.

    Args:
        path: A .mha, or the .mhd of a pair.
        header_only: Leave the pixels unread.

    Raises:
        FileFormatError: The file is missing, no MetaImage, truncated, or its sizes disagree with its pixels.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            fields = _read_fields(stream, path)
            shape, kind = _layout(fields, path)
            if header_only or kind is None:
                return MetaImage(fields, None)
            if fields["ElementDataFile"] == "LOCAL":
                return MetaImage(fields, _decode(stream.read(), fields, shape, kind, path))
        data_path = path.parent / fields["ElementDataFile"]
        if not data_path.is_file():
            raise FileFormatError(
                f"its pixel file {data_path.name} is not there",
                where=path,
                remedy="keep both files in one folder",
            )
        return MetaImage(fields, _decode(data_path.read_bytes(), fields, shape, kind, data_path))
    except OSError as error:
        raise FileFormatError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path and its permissions"
        ) from error


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
    data = b"" if pixels is None else np.ascontiguousarray(pixels).tobytes()
    lines = dict(fields)
    if compressed and data:
        data = zlib.compress(data, 6)
        lines |= {"CompressedData": "True", "CompressedDataSize": str(len(data))}
    else:
        lines["CompressedData"] = "False"
        lines.pop("CompressedDataSize", None)
    beside = None
    if path.suffix == ".mhd" and pixels is not None:
        beside = path.with_suffix(".zraw" if lines["CompressedData"] == "True" else ".raw")
    lines["ElementDataFile"] = beside.name if beside else "LOCAL"
    header = "".join(f"{key} = {' '.join(value.splitlines())}\n" for key, value in lines.items())
    if beside:
        with atomic_path(beside) as temporary:
            temporary.write_bytes(data)
        data = b""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(header.encode("utf-8", "surrogateescape"))
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


def _read_fields(stream: Any, path: Path) -> dict[str, str]:
    """Fields up to and including ElementDataFile."""
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        line = stream.readline(_LONGEST_LINE)
        key, equals, value = line.decode("utf-8", "surrogateescape").partition("=")
        # The last line of an .mhd may lack its line break.
        complete = line.endswith(b"\n") or (key.strip() == "ElementDataFile" and value.strip() not in {"", "LOCAL"})
        if not complete or not equals or not key.strip().isprintable():
            raise _bad_header(line, bool(fields), path)
        fields[key.strip()] = value.strip()
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


def _layout(fields: Mapping[str, str], path: Path) -> tuple[tuple[int, ...], np.dtype[Any] | None]:
    """Shape of the pixel array and its type, None where there are no pixels."""
    try:
        size = [int(word) for word in fields["DimSize"].split()]
        channels = int(fields.get("ElementNumberOfChannels", "1"))
        if len(size) != int(fields["NDims"]) or min(size) < 0 or channels < 1:
            raise ValueError
    except (KeyError, ValueError):
        raise FileFormatError(
            f"its header says NDims={fields.get('NDims')}, DimSize={fields.get('DimSize')}, expected as many sizes as "
            "dimensions",
            where=path,
            remedy="correct the header or export the file again",
        ) from None
    name = fields.get("ElementType", "").removesuffix("_ARRAY")
    if name in {NO_PIXELS, "MET_NONE"}:
        return (), None
    if name not in _TYPES:
        raise FileFormatError(
            f"ElementType {name or 'is absent'}", where=path, remedy=f"expected one of {', '.join(_TYPES)}"
        )
    kind = np.dtype(_TYPES[name])
    msb = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False"))
    kind = kind.newbyteorder(">" if msb.lower() == "true" else "<")
    return tuple(size[::-1]) + ((channels,) if channels > 1 else ()), kind


def _decode(
    data: bytes, fields: Mapping[str, str], shape: tuple[int, ...], kind: np.dtype[Any], path: Path
) -> NDArray[Any]:
    if fields.get("BinaryData", "True").lower() != "true":
        raise FileFormatError("holds its pixels as text", where=path, remedy="export it with BinaryData = True")
    expected = kind.itemsize
    for length in shape:
        expected *= length
    if fields.get("CompressedData", "False").lower() == "true":
        data = _inflate(data, fields, expected, path)
    else:
        skip = _integer(fields, "HeaderSize", path)
        data = data[-expected:] if skip < 0 else data[skip:]
    if len(data) != expected:
        problem = "is truncated" if len(data) < expected else "holds more pixels than its header says"
        raise FileFormatError(
            f"{problem}: DimSize {fields['DimSize']} of {fields['ElementType']} needs {expected} bytes, there are "
            f"{len(data)}",
            where=path,
            remedy="copy the file again or correct DimSize and ElementType",
        )
    pixels = np.frombuffer(data, kind).reshape(shape)
    return pixels.astype(kind.newbyteorder("="), copy=False)


def _inflate(data: bytes, fields: Mapping[str, str], expected: int, path: Path) -> bytes:
    remedy = "copy the file again or correct its header"
    size = _integer(fields, "CompressedDataSize", path)
    if len(data) < size:
        raise FileFormatError(
            f"is truncated: CompressedDataSize is {size}, there are {len(data)} bytes",
            where=path,
            remedy=remedy,
        )
    if expected > _HIGHEST_RATIO * max(len(data), 1):
        raise FileFormatError(
            f"DimSize {fields['DimSize']} cannot come from {len(data)} compressed bytes",
            where=path,
            remedy=remedy,
        )
    inflater = zlib.decompressobj(47)  # zlib or gzip, as MetaIO
    try:
        # One byte more than expected, so that too many pixels are noticed without inflating them all.
        result = inflater.decompress(data, expected + 1)
    except zlib.error as error:
        raise FileFormatError(f"its compressed pixels are damaged ({error})", where=path, remedy=remedy) from error
    if len(result) == expected and not inflater.eof:
        inflater.decompress(inflater.unconsumed_tail, 1)
        if not inflater.eof:
            raise FileFormatError("its compressed pixels end early or go on", where=path, remedy=remedy)
    return result


def _integer(fields: Mapping[str, str], key: str, path: Path) -> int:
    try:
        return int(fields.get(key, "0"))
    except ValueError:
        raise FileFormatError(
            f"{key} is {fields[key]!r}, expected a whole number", where=path, remedy="correct the header"
        ) from None
