"""Files and folders that hold sweeps: images over time, with or without poses."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.sweep import Sweep

__all__ = [
    "FORMATS",
    "SweepFormat",
    "SweepWriter",
    "format_of",
    "is_sweep",
    "read_sweep",
    "sweep_writer",
    "write_sweep",
]


SweepReader = Callable[[Path], Sweep]
SweepRecognizer = Callable[[Path], bool]


class SweepWriter(Protocol):
    """Writes a sweep to a file."""

    def __call__(self, sweep: Sweep, path: Path, *, compressed: bool) -> None:
        """Write `sweep` to `path`, its images compressed or not."""


@dataclass(frozen=True)
class SweepFormat:
    """One kind of recording, and where its reader and writer are.

    Attributes:
        name: For people.
        suffixes: Names end with one of these, lower case; empty for a kind that is told by its contents alone, such as
            a folder.
        module: Module of `edge_sdk.sweep.formats`, imported when first used.
        reader: Name of the module's `SweepReader`.
        recognizer: Name of the module's `SweepRecognizer`, which looks at the header of a file, or into a folder, where
            the name does not tell a sweep from a volume or from another kind of sweep; None where the suffix is enough.
        writer: Name of the module's `SweepWriter`; None where sweeps are not written so.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    reader: str
    recognizer: str | None = None
    writer: str | None = None

    def read(self, path: Path) -> Sweep:
        """Read a sweep of this format.

        Raises:
            FileFormatError: The file is missing, truncated or disagrees with its own header.
        """
        return cast("SweepReader", self._function(self.reader))(path)

    def writes(self) -> SweepWriter | None:
        """The function that writes sweeps of this format; None where they are not written so."""
        return None if self.writer is None else cast("SweepWriter", self._function(self.writer))

    def named(self, path: Path) -> bool:
        """Whether the name of `path` allows this format."""
        return not self.suffixes or path.name.lower().endswith(self.suffixes)

    def recognizes(self, path: Path) -> bool:
        """Whether the file or folder at `path` is a sweep of this format.

        Raises:
            FileFormatError: It is damaged.
        """
        if not self.named(path) or self.recognizer is None:
            return self.named(path)
        return cast("SweepRecognizer", self._function(self.recognizer))(path)

    def _function(self, name: str) -> object:
        return getattr(importlib.import_module(f"{__name__}.{self.module}"), name)


# Of formats that share a suffix, the pickier ones come first.
FORMATS = (
    SweepFormat("CustusX acquisition", (), "custusx", reader="read_custusx", recognizer="is_acquisition"),
    SweepFormat(
        "sequence metafile",
        (".mha", ".mhd"),
        "sequence_metafile",
        reader="read_sequence",
        recognizer="is_sequence",
        writer="write_sequence",
    ),
    SweepFormat(
        "sequence in NRRD",
        (".nrrd", ".nhdr"),
        "sequence_nrrd",
        reader="read_sequence",
        recognizer="is_sequence",
        writer="write_sequence",
    ),
    SweepFormat("ultrasound DICOM", (".dcm", ".dicom"), "dicom_cine", reader="read_dicom_cine"),
    SweepFormat("ultrasound DICOM", (), "dicom_cine", reader="read_dicom_cine", recognizer="is_dicom"),
    SweepFormat("video", (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm"), "video", reader="read_video"),
    SweepFormat("pose table", (".csv", ".tsv"), "pose_table", reader="read_pose_table"),
)


def is_sweep(path: Path) -> bool:
    """Whether the file or folder at `path` is a sweep of a known format, by its name and, where needed, its header.

    Raises:
        FileFormatError: It is damaged.
    """
    return any(known.recognizes(path) for known in FORMATS)


def format_of(path: Path) -> SweepFormat:
    """The format of a recording.

    Raises:
        FileFormatError: None that is known, or damaged.
    """
    fitting = [known for known in FORMATS if known.named(path)]
    # Where nothing recognizes the file, the reader that its name asks for says what is wrong with it.
    named = [known for known in fitting if known.suffixes]
    for known in fitting:
        if fitting == named[:1] or known.recognizes(path):
            return known
    if named:
        return named[-1]
    raise FileFormatError(
        "is not a sweep by its name", where=path, remedy=f"use a name that ends with {_suffixes(FORMATS)}"
    )


def read_sweep(path: str | Path) -> Sweep:
    """Read a recording of any known format; see `FORMATS`.

    Raises:
        FileFormatError: The file is missing, of another format, truncated, disagrees with its own header, or is a
            volume instead of a sweep.
    """
    path = Path(path)
    return format_of(path).read(path)


def write_sweep(sweep: Sweep, path: str | Path, *, compressed: bool = True) -> None:
    """Write a sweep as a sequence file that PLUS, 3D Slicer and ITK read; images are written as MF.

    Raises:
        FileFormatError: The suffix is unknown or the pixel type has no counterpart in the format.
    """
    sweep_writer(path)(sweep, Path(path), compressed=compressed)


def sweep_writer(path: str | Path) -> SweepWriter:
    """The function that writes sweeps of this name.

    Raises:
        FileFormatError: The suffix is unknown.
    """
    path = Path(path)
    writable = [known for known in FORMATS if known.writer]
    known = next((known for known in writable if known.named(path)), None)
    write = None if known is None else known.writes()
    if write is None:
        raise FileFormatError(
            "is not a name of a sweep that can be written",
            where=path,
            remedy=f"use a name that ends with {_suffixes(writable)}",
        )
    return write


def _suffixes(formats: Iterable[SweepFormat]) -> str:
    return ", ".join(suffix for known in formats for suffix in known.suffixes)
