"""Files and folders that hold sweeps: images over time, with or without poses."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.sweep import Sweep

__all__ = ["FORMATS", "SweepFormat", "format_of", "read_sweep", "write_sweep"]


@dataclass(frozen=True)
class SweepFormat:
    """One kind of recording, and where its reader and writer are.

    Attributes:
        name: For people.
        suffixes: Names end with one of these, lower case; empty for a kind that is told by its contents.
        module: Of `edge_sdk.sweep.formats`, imported when first used.
        reader: Its function (path) -> Sweep.
        writer: Its function (sweep, path, *, compressed), or None where sweeps are not written so.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    reader: str
    writer: str | None = None

    def function(self, name: str) -> Callable[..., Sweep | None]:
        """A function of the format's module."""
        module = importlib.import_module(f"{__name__}.{self.module}")
        return cast("Callable[..., Sweep | None]", getattr(module, name))


FORMATS = (SweepFormat("sequence metafile", (".mha", ".mhd"), "sequence_metafile", "read_sequence", "write_sequence"),)


def format_of(path: Path) -> SweepFormat:
    """The format of a recording.

    Raises:
        FileFormatError: None that is known.
    """
    name = path.name.lower()
    for candidate in FORMATS:
        if name.endswith(candidate.suffixes):
            return candidate
    suffixes = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
    raise FileFormatError("is not a sweep by its name", where=path, remedy=f"use a name that ends with {suffixes}")


def read_sweep(path: str | Path) -> Sweep:
    """Read a recording of any known format; see `FORMATS`.

    Raises:
        FileFormatError: The file is missing, of another format, truncated, disagrees with its own header, or is a
            volume instead of a sweep.
    """
    path = Path(path)
    known = format_of(path)
    return cast("Sweep", known.function(known.reader)(path))


def write_sweep(sweep: Sweep, path: str | Path, *, compressed: bool = True) -> None:
    """Write a sweep as a sequence file that PLUS, 3D Slicer and ITK read; images are written as MF.

    Raises:
        FileFormatError: The suffix is unknown or the pixel type has no counterpart in the format.
    """
    path = Path(path)
    known = format_of(path)
    if known.writer is None:
        writable = ", ".join(suffix for each in FORMATS if each.writer for suffix in each.suffixes)
        raise FileFormatError(
            f"{known.name} is not written", where=path, remedy=f"use a name that ends with {writable}"
        )
    known.function(known.writer)(sweep, path, compressed=compressed)
