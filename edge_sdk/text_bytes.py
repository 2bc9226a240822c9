"""Text files as people have them: UTF-8 with or without a byte-order mark, and UTF-16 or UTF-32."""

from __future__ import annotations

import codecs
from pathlib import Path

from edge_sdk.errors import FileFormatError

# UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PROBED = 64
"""First bytes that tell the encoding; an even number."""


def text_encoding(data: bytes) -> tuple[str, int]:
    """The encoding of a text and the length of its byte-order mark, both told by its first bytes.

    Text in UTF-16 without a mark is recognized where its beginning is ASCII: every other byte is 0 then.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, len(mark)
    first = data[: min(PROBED, len(data) // 2 * 2)]
    even, odd = first[::2], first[1::2]
    if first and not any(odd) and all(even):
        return "utf-16-le", 0
    if first and not any(even) and all(odd):
        return "utf-16-be", 0
    return "utf-8", 0


def decoded_text(data: bytes, path: Path) -> str:
    """The text of a file, without a byte-order mark; bytes that are not UTF-8 are kept as surrogate escapes.

    Args:
        data: Contents of the file.
        path: Named in errors.

    Raises:
        FileFormatError: The text is not what its byte-order mark says.
    """
    encoding, mark = text_encoding(data)
    try:
        return data[mark:].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"is not the {encoding.upper()} text that it begins as ({error.reason} at byte {mark + error.start})",
            where=path,
            remedy="save it again as UTF-8",
        ) from error


def read_text_file(path: Path) -> str:
    """The text of a file; see `decoded_text`.

    Raises:
        FileFormatError: The file cannot be read, or is not what its byte-order mark says.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", where=path, remedy="check the path") from error
    return decoded_text(data, path)
