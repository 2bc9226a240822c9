"""Where the results of a sweep go, so that none is written over another's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.stream.core.settings import with_time
from edge_sdk.sweep.recording.layout import recording_of

_SUFFIXES = (".igs.mha", ".igs.nrrd", ".mha", ".nrrd")


@dataclass(frozen=True)
class OutputPlaces:
    """Where the sweeps of a job leave their files.

    Attributes:
        folder: Folder of the results; may hold {time}.
        recording: Sequence file to record to, which may hold {time}; None: nothing is recorded.
        several: Whether one sweep may follow the other: then each gets places of its own.
    """

    folder: Path
    recording: Path | None = None
    several: bool = False

    def output_folder(self, began: datetime) -> Path:
        """The folder of a sweep. Of several sweeps each has its own: DIR, DIR-2, …, whichever holds no result yet.

        Args:
            began: Date and time at which the sweep began.
        """
        folder = with_time(self.folder, began)
        if not self.several:
            return folder
        return next(place for place in _numbered(folder, "") if not (place / "summary.json").exists())

    def recording_place(self, began: datetime) -> Path | None:
        """The file to record a sweep to, or None. Of several sweeps each has its own: S.igs.mha, S-2.igs.mha, …

        Args:
            began: Date and time at which the sweep began.
        """
        if self.recording is None:
            return None
        path = with_time(self.recording, began)
        if not self.several:
            return path
        suffix = next((each for each in _SUFFIXES if path.name.endswith(each)), path.suffix)
        return next(place for place in _numbered(path, suffix) if not (place.exists() or recording_of(place).exists()))


def _numbered(path: Path, suffix: str) -> Iterator[Path]:
    name = path.name.removesuffix(suffix)
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{name}-{number}{suffix}")
