"""Files that hold tracked sweeps."""

from __future__ import annotations

from pathlib import Path

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.sweep import Sweep

__all__ = ["SUFFIXES", "read_sweep", "write_sweep"]

SUFFIXES = (".mha", ".mhd")


def read_sweep(path: str | Path) -> Sweep:
    """Read a tracked sweep: a sequence metafile (.igs.mha, .mha, .mhd with .raw or .zraw).

    Raises:
        FileFormatError: The file is missing, of another format, truncated, disagrees with its own header, or is a
            volume instead of a sweep.
    """
    _check_suffix(Path(path))
    from edge_sdk.sweep.formats.sequence_metafile import read_sequence

    return read_sequence(Path(path))


def write_sweep(sweep: Sweep, path: str | Path, *, compressed: bool = True) -> None:
    """Write a sweep as a sequence metafile that PLUS, 3D Slicer and ITK read; images are written as MF.

    Raises:
        FileFormatError: The suffix is unknown or the pixel type has no counterpart in the format.
    """
    _check_suffix(Path(path))
    from edge_sdk.sweep.formats.sequence_metafile import write_sequence

    write_sequence(sweep, Path(path), compressed=compressed)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise FileFormatError(
            "is not a sweep by its name",
            where=path,
            remedy=f"use a name that ends with {', '.join(SUFFIXES)}",
        )
