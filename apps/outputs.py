"""The files that a segmented volume can be written to, chosen by a name or asked for by a format."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sdk.errors import EdgeSdkError
from edge_sdk.files import atomic_path, check_place

if TYPE_CHECKING:
    from edge_sdk.volume.grid import Volume

MASK_NAMES = ".nii.gz, .mha, .nrrd, .seg.nrrd or .dcm"


@dataclass(frozen=True)
class Segmented:
    """A volume with its mask, and the provenance that its files carry.

    Attributes:
        volume: Gray levels (D, H, W).
        mask: Labels (D, H, W) on the same grid.
        labels: Class number → name; 0 is the background.
        package: Name of the network's package.
        recording: File that was segmented, or None; patient and study come from it where it is DICOM.
        tracked: Whether a device measured the poses; False for declared ones, and where nobody knows.
    """

    volume: Volume
    mask: Volume
    labels: Mapping[int, str]
    package: str
    recording: Path | None = None
    tracked: bool = True


@dataclass(frozen=True)
class MaskWriter:
    """How to write a mask to a file.

    Attributes:
        write: Writes the mask.
        check: Raises GeometryError for a volume whose mask `write` would refuse; called before the work.
    """

    write: Callable[[Segmented], None]
    check: Callable[[Volume], None] = lambda _volume: None


def mask_writer(path: Path, inputs: Iterable[Path | None] = ()) -> MaskWriter:
    """Choose the writer of a mask by the name of its file, before the work.

    A name that ends with .dcm also gives the volume, see `edge_sdk.volume.dicom.files`.

    Args:
        path: The file to write.
        inputs: Files that must not be replaced, see `edge_sdk.files.check_place`.

    Raises:
        FileFormatError: The name is not that of a mask format.
        EdgeSdkError: A library is missing.
    """
    from edge_sdk.volume.dicom.files import check_dicom_name, check_dicom_volume, volume_beside
    from edge_sdk.volume.files import volume_suffix, write_volume
    from edge_sdk.volume.seg_nrrd import SUFFIX, write_segmentation

    name = path.name.lower()
    if name.endswith(".dcm"):
        check_dicom_name(path)
        check_place(volume_beside(path), inputs=inputs)
        return MaskWriter(lambda result: _dicom(result, path, volume_beside(path)), check_dicom_volume)
    if name.endswith(SUFFIX):
        return MaskWriter(lambda result: write_segmentation(result.mask, result.labels, path))
    volume_suffix(path)
    return MaskWriter(lambda result: write_volume(result.mask, path))


def _dicom(result: Segmented, mask: Path, volume: Path) -> None:
    from edge_sdk.volume.dicom.files import write_dicom

    write_dicom(
        result.volume, result.mask, result.labels, mask, volume,
        algorithm=result.package, recording=result.recording, tracked=result.tracked,
    )  # fmt: skip


def _volume(result: Segmented, path: Path) -> None:
    from edge_sdk.volume.files import write_volume

    write_volume(result.volume, path)


def _mask(result: Segmented, path: Path) -> None:
    mask_writer(path).write(result)


def _mask_and_volume(result: Segmented, path: Path) -> None:
    _dicom(result, path, path.with_name("volume.dcm"))


def _surfaces(result: Segmented, path: Path) -> None:
    from edge_sdk.volume.surface import write_surfaces

    write_surfaces(result.mask, result.labels, path.with_name("mask.stl"))


Writer = Callable[[Segmented, Path], None]
FORMATS: Mapping[str, Mapping[str, Writer]] = {
    "mha": {"volume.mha": _volume, "mask.mha": _mask},
    "seg.nrrd": {"mask.seg.nrrd": _mask},
    "dcm": {"mask.dcm": _mask_and_volume},
    "stl": {"mask-CLASS.stl": _surfaces},
}
"""Format → name in a folder → its writer; mask.dcm comes with volume.dcm, mask-CLASS.stl stands for all classes."""


def check_formats(formats: Collection[str]) -> None:
    """Refuse, before the work, formats that are not known or whose library is missing.

    Raises:
        EdgeSdkError: Such a format.
    """
    from edge_sdk.volume.dicom.files import check_dicom_name
    from edge_sdk.volume.surface import check_surface_name

    for name in formats:
        if name not in FORMATS:
            raise EdgeSdkError(f"{name!r} is not a known output format", remedy=f"use one of {', '.join(FORMATS)}")
    if "dcm" in formats:
        check_dicom_name(Path("mask.dcm"))
    if "stl" in formats:
        check_surface_name(Path("mask.stl"))


def write_each(folder: Path, files: Mapping[str, Callable[[Path], object]]) -> None:
    """Write all files that can be written, in order, each whole or not at all; whatever fails, the others are tried.

    Args:
        folder: Folder for the files; made if it is not there.
        files: Name → writer of the file, called with its path.

    Raises:
        EdgeSdkError: At least one failed; names the files that failed, why, and the files that were written.
    """
    failed: dict[str, Exception] = {}
    for name, write in files.items():
        try:
            write(folder / name)
        except Exception as error:
            failed[name] = error
    if not failed:
        return
    kept = [name for name in files if name not in failed]
    reasons = "; ".join(f"{name}: {_reason(error)}" for name, error in failed.items())
    raise EdgeSdkError(
        f"{len(failed)} of {len(files)} outputs could not be written ({reasons}); written are "
        f"{', '.join(kept) or 'none'}",
        where=folder,
        remedy="choose a writable place with free space",
    ) from next(iter(failed.values()))


def write_json(path: Path, content: Mapping[str, object], *, indent: int = 2) -> None:
    """Write JSON without NaN, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=indent, allow_nan=False), encoding="utf-8")


def _reason(error: Exception) -> str:
    return error.what if isinstance(error, EdgeSdkError) else f"{type(error).__name__}: {error}"
