"""What runtimes make of an artifact before they can run it, kept in the user's cache folder for the next start.

An entry is found by the content of the artifact, not by its path (packages are unpacked to a new folder each time),
together with the device, the runtime's version and its settings. A damaged entry is never given to a runtime.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from edge_sdk.device_memory import Circumstance, cache_folder, device_key
from edge_sdk.errors import EdgeSdkError
from edge_sdk.files import atomic_path, sha256

LARGEST_BYTES = 256 * 2**20
"""Of all entries together; the ones that were not used for longest go first."""
TAKEN = "taken from the cache"
"""What a session says where an entry was used."""
_DIGEST_BYTES = hashlib.sha256().digest_size


def compiled_folder() -> Path:
    """Where the entries lie."""
    return cache_folder() / "compiled"


def entry_for(artifacts: Iterable[Path], *circumstances: Circumstance) -> Path:
    """The entry of these files' content under these circumstances, on a device like this one."""
    return compiled_folder() / f"{device_key([sha256(path) for path in artifacts], *circumstances)}.bin"


def load_compiled(entry: Path) -> bytes | None:
    """The kept content; None where there is none, or where it is damaged."""
    try:
        stored = entry.read_bytes()
        os.utime(entry)
    except OSError:
        return None
    content = stored[_DIGEST_BYTES:]
    return content if hashlib.sha256(content).digest() == stored[:_DIGEST_BYTES] else None


def store_compiled(entry: Path, content: bytes) -> str:
    """Keep content for the next start, and say in words whether that was possible."""
    if len(content) > LARGEST_BYTES:
        return f"compiled now, not kept: {len(content) // 2**20} MB are more than the cache takes"
    try:
        with atomic_path(entry) as temporary:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)
    except EdgeSdkError as error:
        return f"compiled now, not kept: {error.what}"
    _shrink()
    return "compiled now, kept for the next start"


def occupied_bytes() -> int:
    """Size of all entries."""
    return sum(size for _, size, _ in _entries())


def _shrink() -> None:
    total = occupied_bytes()
    for _, size, path in sorted(_entries()):
        if total <= LARGEST_BYTES:
            return
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return
        total -= size


def _entries() -> list[tuple[float, int, Path]]:
    """Last use, bytes and path of every entry."""
    found = []
    for path in compiled_folder().glob("*.bin"):
        try:
            status = path.stat()
        except OSError:  # another process removed it
            continue
        found.append((status.st_mtime, status.st_size, path))
    return found
