"""The hash by which a volume's content is known again."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from edge_sdk.errors import FileFormatError
from edge_sdk.files import sha256
from edge_sdk.volume.files import read_volume

_HEADERS = (".mhd", ".nhdr")
"""Formats whose voxels lie in another file."""


def content_sha256(path: Path) -> str:
    """SHA-256 of a volume's content, 64 hexadecimal digits.

    It covers the bytes of the file. Those of a .gz file are decompressed first, for gzip also stores the time of
    compression. Where the file is a header only, the voxels that it names are covered too.

    Raises:
        FileFormatError: The file cannot be read.
    """
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        if path.suffix.lower() not in _HEADERS:
            return sha256(path)
        return hashlib.sha256(path.read_bytes() + read_volume(path).voxels.tobytes()).hexdigest()
    except (OSError, EOFError, zlib.error) as cause:
        raise FileFormatError(
            f"cannot be read ({cause})", where=path, remedy="check the file, or copy it again"
        ) from cause
