"""A package as one zip file: opened without trust, sealed so that no byte of it can change unseen."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from edge_sdk.errors import PackageError
from edge_sdk.packages.manifest import NAME, check_inner_path

_SEAL = b"edgepkg sha256 "
_SEAL_BYTES = len(_SEAL) + 64
_LIMIT = 8 * 2**30  # far above any network that a CPU runs
_REMEDY = "get the package again from its source"
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error,
    EOFError, ValueError, NotImplementedError, RuntimeError, KeyError,
)  # fmt: skip


def seal(path: Path) -> None:
    """Put the SHA-256 of everything before it into the archive comment.

    The files' own hashes cover what is read; the seal covers the rest, such as dates in the archive.
    An archive made by other tools has no comment and is read all the same.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"\0" * _SEAL_BYTES
    with path.open("r+b") as stream:
        stream.seek(-_SEAL_BYTES, os.SEEK_END)
        end = stream.tell()
        stream.seek(0)
        digest = _hash_start(stream.read(end))
        stream.seek(end)
        stream.write(digest)


def extract(path: Path, folder: Path) -> None:
    """Unpack a package archive into an empty folder.

    Raises:
        PackageError: Damaged, altered, or with names or sizes that no package has.
    """
    current = ""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_entries(path, entries)
            for entry in entries:
                current = entry.filename
                place = folder / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.read(entry))
            current = ""
            comment = archive.comment
    except (*_DAMAGE, OSError) as cause:
        if isinstance(cause, OSError) and cause.errno != errno.EINVAL:  # of a place before the file
            raise
        damaged = f"{current} is damaged" if current else "the archive is damaged or no zip file"
        raise PackageError(f"{damaged} ({cause})", where=path, remedy=_REMEDY) from cause
    content = path.read_bytes()
    sealed = bool(comment) or content[-_SEAL_BYTES:].startswith(_SEAL)
    if sealed and _hash_start(content[:-_SEAL_BYTES]) != content[-_SEAL_BYTES:]:
        raise PackageError("the archive was altered after the package was made", where=path, remedy=_REMEDY)


def _hash_start(content: bytes) -> bytes:
    return _SEAL + hashlib.sha256(content).hexdigest().encode()


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if NAME not in names:
        raise PackageError(f"{NAME} is missing at its top level", where=path, remedy="give an .edgepkg file")
    for entry in entries:
        if entry.filename != NAME:
            try:
                check_inner_path(entry.filename)
            except ValueError as cause:
                raise PackageError(str(cause), where=path, remedy=_REMEDY) from cause
        if names.count(entry.filename) > 1:
            raise PackageError(f"{entry.filename} is there twice", where=path, remedy=_REMEDY)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise PackageError(f"{entry.filename} is a link", where=path, remedy=_REMEDY)
    if sum(entry.file_size for entry in entries) > _LIMIT:
        raise PackageError("unpacks to more than 8 GiB", where=path, remedy=_REMEDY)
