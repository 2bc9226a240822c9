"""Where the results of a sweep go, so that none is written over another's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from apps.stream.core.settings import StreamSettings, with_time
from edge_sdk.sweep.recording.layout import recording_of

_SUFFIXES = (".igs.mha", ".igs.nrrd", ".mha", ".nrrd")


def output_folder(settings: StreamSettings, began: datetime) -> Path:
    """The folder of a sweep. Of several sweeps each has its own: DIR, DIR-2, …, whichever holds no result yet."""
    assert settings.output.folder is not None
    folder = with_time(settings.output.folder, began)
    if not settings.viewer.enabled:
        return folder
    return next(place for place in _numbered(folder, "") if not (place / "summary.json").exists())


def recording_place(settings: StreamSettings, began: datetime) -> Path | None:
    """The file to record a sweep to, None without one; of several sweeps each has its own: S.igs.mha, S-2.igs.mha, …"""
    if settings.recording.path is None:
        return None
    path = with_time(settings.recording.path, began)
    if not settings.viewer.enabled:
        return path
    suffix = next((each for each in _SUFFIXES if path.name.endswith(each)), path.suffix)
    return next(place for place in _numbered(path, suffix) if not (place.exists() or recording_of(place).exists()))


def _numbered(path: Path, suffix: str) -> Iterator[Path]:
    name = path.name.removesuffix(suffix)
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{name}-{number}{suffix}")
