"""Lines of the text headers that .mha and .nrrd files begin with."""

from __future__ import annotations

import re
from pathlib import Path

from edge_sdk.errors import FileFormatError

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SPACE = " \t\r\n\v\f"


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
    if not key or key != trimmed(key) or sign in key or key[0] == "#" or not key.isprintable():
        raise FileFormatError(
            f"a field is named {key!r}, which the format cannot hold",
            where=path,
            remedy=f"rename it, without {sign!r}, line breaks, and blanks or # at its ends",
        )
    return f"{key}{separator}{' '.join(_LINE_BREAK.split(value))}\n".encode("utf-8", "surrogateescape")
