"""What a stream leaves in its folder; each file appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.stream.overlay import write_overlay
from apps.stream.page import stream_page
from apps.stream.report import stream_summary
from apps.stream.run import StreamOutcome
from edge_sdk.errors import EdgeSdkError, StreamError
from edge_sdk.files import atomic_path
from edge_sdk.volume.files import write_volume

PARTIAL_VOLUME = "volume-partial.nii.gz"


def check_folder(folder: Path) -> None:
    """Refuse an output folder that cannot be one, before any work.

    Raises:
        EdgeSdkError: A file lies where the folder should be.
    """
    place = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not place.is_dir():
        raise EdgeSdkError("is a file, and a folder is to be written", where=place, remedy="choose another -o")


def write_outputs(
    folder: Path, outcome: StreamOutcome, report: Mapping[str, Any], label_names: Mapping[int, str], title: str
) -> dict[str, Any]:
    """Write volume.nii.gz, mask.nii.gz, overlay.png, report.json, report.html and summary.json.

    Args:
        folder: Made if it is not there.
        outcome: Of a stream that ended well.
        report: Of `stream_report`.
        label_names: Label to name.
        title: Heading of picture and page.

    Returns:
        What summary.json holds.
    """
    assert outcome.mask is not None
    write_volume(outcome.volume, folder / "volume.nii.gz")
    write_volume(outcome.mask, folder / "mask.nii.gz")
    write_overlay(folder / "overlay.png", outcome.volume, outcome.mask, outcome.seen, label_names, title)
    summary = stream_summary(report)
    write_text(folder / "report.html", stream_page(report, folder / "overlay.png", title))
    write_text(folder / "report.json", json.dumps(report, indent=1, allow_nan=False))
    write_text(folder / "summary.json", json.dumps(summary, indent=2, allow_nan=False))
    return summary


def keep_what_was_compounded(folder: Path, outcome: StreamOutcome) -> StreamError:
    """Write the volume of a stream that failed, under a name of its own, and give the error to raise."""
    assert outcome.failure is not None
    if not outcome.frames["inserted"]:
        return outcome.failure
    path = folder / PARTIAL_VOLUME
    write_volume(outcome.volume, path)
    error = StreamError(f"{outcome.failure}; the {outcome.frames['inserted']} frames compounded so far are in {path}")
    error.__cause__ = outcome.failure.__cause__
    return error


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8), whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
