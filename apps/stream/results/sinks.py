"""What a stream leaves in its folder; each file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from apps.outputs import FORMATS, Segmented, check_formats, write_each, write_json
from apps.stream.results.overlay import write_overlay
from apps.stream.results.page import stream_page
from apps.stream.results.report import StreamReport
from apps.stream.results.summary import StreamSummary, stream_summary
from apps.stream.work.outcome import FailedSweep, FinishedSweep
from edge_sdk.errors import EdgeSdkError, StreamError
from edge_sdk.files import atomic_path, check_place, refuse_overwriting
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.measurements import measurements

PARTIAL_VOLUME = "volume-partial.nii.gz"
OUTPUTS = (
    *("volume.nii.gz", "mask.nii.gz", "measurements.json", "overlay.png", "report.html", "report.json"),
    *("summary.json", PARTIAL_VOLUME),
)
"""Files that a stream may write to its folder, whatever formats are asked for."""


def check_folder(folder: Path, *, formats: Collection[str] = (), inputs: Iterable[Path | None] = ()) -> None:
    """Refuse an output folder that cannot be one, before any work.

    Args:
        folder: Where the files will go.
        formats: Further formats to write the result in, keys of `apps.outputs.FORMATS`.
        inputs: Files that must not be replaced; None entries are passed over.

    Raises:
        EdgeSdkError: A file lies where the folder should be, nothing can be written there, a format is not known, or
            an output would replace an input.
    """
    check_formats(formats)
    place = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not place.is_dir():
        raise EdgeSdkError("is a file, and a folder is to be written", where=place, remedy="choose another -o")
    check_place(folder / OUTPUTS[0])
    inputs = list(inputs)
    for name in (*OUTPUTS, *(name for format_ in formats for name in FORMATS[format_])):
        refuse_overwriting(folder / name, inputs)


def write_outputs(
    folder: Path,
    outcome: FinishedSweep,
    report: StreamReport,
    label_names: Mapping[int, str],
    title: str,
    *,
    formats: Collection[str] = (),
    recording: Path | None = None,
    tracked: bool,
) -> StreamSummary:
    """Write volume.nii.gz, mask.nii.gz, measurements.json, overlay.png, report.json, report.html and summary.json.

    Args:
        folder: Folder for the files; made if it is not there.
        outcome: What the stream left.
        report: Report of the same stream.
        label_names: Class number → name; 0 is the background.
        title: Heading of picture and page.
        formats: Further formats to write the result in, keys of `apps.outputs.FORMATS`.
        recording: File that was streamed, or None; DICOM outputs take patient and study from it where it is DICOM.
        tracked: Whether a device measured the poses, for DICOM outputs.

    Returns:
        The content of summary.json.

    Raises:
        EdgeSdkError: A format is not known, or a file could not be written; the others are there then.
    """
    check_formats(formats)
    volume, mask, picture = outcome.volume, outcome.mask, folder / "overlay.png"
    summary, package = stream_summary(report), report.package
    result = Segmented(volume, mask, label_names, package.name, recording, tracked)
    measured = measurements(
        mask,
        label_names,
        package={"name": package.name, "manifest_sha256": package.manifest_sha256},
        seen=outcome.seen | (volume.voxels != 0),  # holes that were filled count as seen
    )
    files: dict[str, Callable[[Path], object]] = {
        "volume.nii.gz": partial(write_volume, volume),
        "mask.nii.gz": partial(write_volume, mask),
        "measurements.json": lambda path: write_json(path, measured.as_json()),
        "overlay.png": lambda path: write_overlay(path, volume, mask, outcome.seen, label_names, title),
        "report.html": lambda path: write_text(path, stream_page(report, picture, title)),
        "report.json": lambda path: write_json(path, report.model_dump(mode="json", by_alias=True), indent=1),
        "summary.json": lambda path: write_json(path, summary.model_dump(mode="json")),
    }
    for name in dict.fromkeys(formats):
        files |= {file: partial(write, result) for file, write in FORMATS[name].items()}
    write_each(folder, files)
    return summary


def keep_partial_volume(folder: Path, outcome: FailedSweep) -> StreamError:
    """Write the volume of a stream that failed to `PARTIAL_VOLUME`.

    Args:
        folder: Folder for the file.
        outcome: What the stream left.

    Returns:
        The failure to raise; where a volume was compounded, it names the file or says why it could not be written.
    """
    if not outcome.frames.inserted:
        return outcome.failure
    path = folder / PARTIAL_VOLUME
    try:
        write_volume(outcome.volume, path)
    except EdgeSdkError as cause:
        unkept = StreamError(f"{outcome.failure}; the volume so far could not be kept ({cause.what})", where=path)
        unkept.__cause__ = outcome.failure.__cause__
        return unkept
    error = StreamError(f"{outcome.failure}; the {outcome.frames.inserted} frames compounded so far are in {path}")
    error.__cause__ = outcome.failure.__cause__
    return error


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8), whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
