"""Readers that do what readers must not, when the file says so: the harness is tested with them."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from edge_sdk.errors import FileFormatError


def misbehave(path: Path) -> None:
    """Do what the file's first byte stands for."""
    what = path.read_bytes()[:1]
    if what == b"e":
        raise FileFormatError("is damaged", where=path, remedy="copy it again")
    if what == b"x":
        raise KeyError("sizes")
    if what == b"m":
        _allocate()
    if what == b"h":  # a reader that takes every error of a library for a damaged file
        try:
            _allocate()
        except Exception as error:
            raise FileFormatError("is damaged", where=path, remedy="copy it again") from error
    if what == b"l":
        while True:
            pass
    if what == b"s":
        time.sleep(3600)
    if what == b"c":
        ctypes.string_at(0)
    if what == b"q":
        raise SystemExit(0)


def _allocate() -> None:
    bytearray(5 << 29)
