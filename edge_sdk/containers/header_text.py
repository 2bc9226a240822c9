"""Lines of the text headers that .mha and .nrrd files begin with."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import BinaryIO

from edge_sdk.containers.frame_keys import is_frame_key
from edge_sdk.errors import FileFormatError
from edge_sdk.text_bytes import PROBED, decoded_text, text_encoding

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SPACE = " \t\r\n\v\f"
_LONGEST_UTF16 = 1 << 28
"""Bytes of a header in UTF-16; a file that is longer holds pixels and is none."""


def header_lines(stream: BinaryIO, path: Path) -> BinaryIO:
    """Stream of a header's lines in UTF-8, behind a byte-order mark.

    Spreadsheets and Windows editors write such marks, and save as UTF-16 what they call Unicode.

    Args:
        stream: The file, at its start.
        path: Named in errors.

    Returns:
        `stream` itself, behind its mark if it has one; of a file in UTF-16 another stream with all of its text, so
        that no pixels can follow the header.

    Raises:
        FileFormatError: The file begins as UTF-16 and goes on otherwise.
    """
    encoding, mark = text_encoding(stream.read(PROBED))
    if encoding == "utf-8":
        stream.seek(mark)
        return stream
    stream.seek(0)
    content = stream.read(_LONGEST_UTF16 + 1)
    if len(content) > _LONGEST_UTF16:
        raise utf16_error(path)
    try:
        text = decoded_text(content, path)
    except FileFormatError:
        raise utf16_error(path) from None
    return io.BytesIO(text.encode("utf-8", "surrogatepass"))


def utf16_error(path: Path) -> FileFormatError:
    """The error for a header in UTF-16 that cannot be used."""
    return FileFormatError(
        "begins as UTF-16 text, in which no header with pixels behind it can be",
        where=path,
        remedy="save the header as UTF-8 or plain ASCII, or export the recording again",
    )


def trimmed(text: str) -> str:
    """Without the blanks around it; unlike `str.strip`, other Unicode spaces are left alone."""
    return text.strip(_SPACE)


def decoded(line: bytes) -> str:
    """A line of a header as text; bytes that are not UTF-8 are kept, and written again by `field_line`."""
    return line.decode("utf-8", "surrogateescape")


def field_line(key: str, separator: str, value: str, path: Path) -> bytes:
    """One line of a header; line breaks in the value become blanks, blanks around it are not kept.

    Args:
        key: The field's name.
        separator: Between name and value, such as " = ".
        value: Its text.
        path: Named in errors.

    Raises:
        FileFormatError: The name would not be read back.
    """
    sign = trimmed(separator)[0]
    # A colon may be in the name of a frame's field, which ends at ":="; teem, and so ITK, ends it at ": " before that.
    ends = (":=", ": ") if sign == ":" and is_frame_key(key) else (sign,)
    if not key or key != trimmed(key) or any(end in key for end in ends) or key[0] == "#" or not key.isprintable():
        raise FileFormatError(
            f"a field is named {key!r}, which the format cannot hold",
            where=path,
            remedy=f"rename it, without {sign!r}, line breaks, and blanks or # at its ends",
        )
    return f"{key}{separator}{' '.join(_LINE_BREAK.split(value))}\n".encode("utf-8", "surrogateescape")
