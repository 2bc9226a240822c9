"""Pixels of an image file from its bytes: sizes are checked against the bytes that are there before any is allocated.

A damaged header may declare anything; what it declares is only believed where the file can hold it.
"""

from __future__ import annotations

import bz2
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

_HIGHEST_RATIO = 1100
"""zlib cannot compress better than about 1:1032."""
_REMEDY = "copy the file again or correct its header"


def byte_count(shape: tuple[int, ...], kind: np.dtype[Any]) -> int:
    """Bytes of an array; exact, however large."""
    return math.prod(shape) * kind.itemsize


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file to read from; what the system refuses within, of it or of a file beside it, is told as of this one.

    Raises:
        FileFormatError: The system refuses.
    """
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise FileFormatError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path and its permissions"
        ) from error


def pixel_file(header: Path, name: str) -> Path:
    """The file beside a header that the header names.

    Raises:
        FileFormatError: It is not there.
    """
    path = header.parent / name
    # A name with a null character cannot be asked for.
    if not name or "\0" in name or not path.is_file():
        raise FileFormatError(
            f"its pixel file {name[:80]} is not there",
            where=header,
            remedy="keep both files in one folder; lists of pixel files are not read",
        )
    return path


def read_raw(stream: BinaryIO, expected: int, path: Path, declared: str, *, skip: int = 0) -> bytes:
    """Exactly `expected` bytes from here on, which must be all that is left.

    Args:
        stream: Where the pixels begin.
        expected: Bytes that the header asks for.
        path: Named in errors.
        declared: The header's fields that give the size, named in errors.
        skip: Bytes to leave out first; negative: the pixels are the last ones of the file.

    Raises:
        FileFormatError: There are fewer or more.
    """
    start, end = stream.tell(), os.fstat(stream.fileno()).st_size
    start = start + skip if skip >= 0 else max(start, end - expected)
    check_size(max(0, end - start), expected, path, declared)
    stream.seek(start)
    return stream.read(expected)


def check_size(there: int, expected: int, path: Path, declared: str) -> None:
    """Compare the bytes of the pixels with the bytes that the header asks for.

    Raises:
        FileFormatError: They differ.
    """
    if there != expected:
        problem = "is truncated" if there < expected else "holds more pixels than its header says"
        raise FileFormatError(
            f"{problem}: {declared} needs {expected} bytes, there are {there}", where=path, remedy=_REMEDY
        )


def check_possible(expected: int, path: Path, declared: str, *, packed: bool) -> None:
    """Refuse what a whole file of this size cannot hold, for readers that allocate before they read.

    Args:
        expected: Bytes that the header asks for.
        path: The file.
        declared: The header's fields that give the size, named in errors.
        packed: Whether the file is a zlib or gzip stream.

    Raises:
        FileFormatError: It cannot.
    """
    there = path.stat().st_size
    if expected > there * (_HIGHEST_RATIO if packed else 1):
        raise FileFormatError(
            f"is truncated: {declared} needs {expected} bytes, the file has {there}", where=path, remedy=_REMEDY
        )


def inflate(stream: BinaryIO, expected: int, path: Path, declared: str) -> bytes:
    """Inflate a zlib or gzip stream, to the `expected` number of bytes.

    Raises:
        FileFormatError: It is damaged, or holds fewer or more.
    """
    there = os.fstat(stream.fileno()).st_size - stream.tell()
    if expected > _HIGHEST_RATIO * max(there, 1):
        raise FileFormatError(f"{declared} cannot come from {there} compressed bytes", where=path, remedy=_REMEDY)
    inflater = zlib.decompressobj(47)  # zlib or gzip, told by the first bytes
    try:
        # One byte more than expected, so that too many pixels are noticed without inflating them all; no more is read
        # than a compressor could have made of that.
        result = inflater.decompress(stream.read(expected + expected // 100 + (1 << 16)), expected + 1)
        check_size(len(result), expected, path, declared)
        if not inflater.eof:
            inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise FileFormatError(f"its compressed pixels are damaged ({error})", where=path, remedy=_REMEDY) from error
    if not inflater.eof:
        raise FileFormatError("its compressed pixels end early or go on", where=path, remedy=_REMEDY)
    return result


def bunzip2(stream: BinaryIO, expected: int, path: Path, declared: str) -> bytes:
    """Inflate a bzip2 stream, to the `expected` number of bytes.

    Raises:
        FileFormatError: It is damaged, or holds fewer or more.
    """
    inflater = bz2.BZ2Decompressor()
    try:
        data = inflater.decompress(stream.read(), expected + 1)
    except (OSError, ValueError) as error:
        raise FileFormatError(f"its compressed pixels are damaged ({error})", where=path, remedy=_REMEDY) from error
    check_size(len(data), expected, path, declared)
    if not inflater.eof:
        raise FileFormatError("its compressed pixels end early", where=path, remedy=_REMEDY)
    return data


def from_hex(stream: BinaryIO, expected: int, path: Path, declared: str) -> bytes:
    """Bytes written as pairs of hexadecimal digits, with any blanks between them.

    Raises:
        FileFormatError: They are fewer or more than `expected`, or other characters.
    """
    try:
        data = bytes.fromhex(b"".join(stream.read().split()).decode("ascii"))
    except ValueError as error:
        raise FileFormatError(f"its pixels are not hexadecimal digits ({error})", where=path, remedy=_REMEDY) from error
    check_size(len(data), expected, path, declared)
    return data


def from_text(stream: BinaryIO, shape: tuple[int, ...], kind: np.dtype[Any], path: Path, declared: str) -> NDArray[Any]:
    """Pixels written as numbers with blanks between them.

    Raises:
        FileFormatError: They are fewer or more, or not of the type.
    """
    numbers = stream.read().split()
    check_size(len(numbers) * kind.itemsize, byte_count(shape, kind), path, declared)
    number = float if kind.kind == "f" else int
    try:
        return np.array([number(text) for text in numbers], kind.newbyteorder("=")).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise FileFormatError(
            f"its pixels are not numbers of its type ({error})", where=path, remedy=_REMEDY
        ) from error


def as_array(data: bytes, shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
    """The bytes as an array in the machine's byte order; read-only where that order is the file's."""
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)
