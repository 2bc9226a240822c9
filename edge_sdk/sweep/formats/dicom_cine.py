"""Ultrasound DICOM, single and multi-frame, as sweeps without poses, through pydicom."""

from __future__ import annotations

import mmap
import warnings
from pathlib import Path
from typing import Any

from edge_sdk.containers.dicom_file import is_dicom
from edge_sdk.errors import EdgeSdkError, FileFormatError
from edge_sdk.extras import missing_module
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats.dicom_gray import gray_frames
from edge_sdk.sweep.formats.dicom_pixels import check_length
from edge_sdk.sweep.formats.dicom_tags import b_mode_region, pixel_spacing
from edge_sdk.sweep.formats.dicom_times import frame_times
from edge_sdk.sweep.formats.frames import FrameStack, check_frames
from edge_sdk.sweep.image_geometry import clip_rectangle_fields
from edge_sdk.sweep.sweep import OK, Sweep
from edge_sdk.sweep.warning import SweepWarning

__all__ = ["is_dicom", "read_dicom_cine"]

_ULTRASOUND = "1.2.840.10008.5.1.4.1.1."
_STORAGE = {f"{_ULTRASOUND}{number}" for number in ("6", "6.1", "3", "3.1")}
"""Ultrasound and Ultrasound Multi-frame Image Storage, each retired and current."""
_VOLUME_STORAGE = f"{_ULTRASOUND}6.2"
_DEVICE = ("Manufacturer", "ManufacturerModelName", "TransducerType", "DepthOfScanField")
"""Kept in the header; what names a patient or a place is not."""


def read_dicom_cine(path: Path) -> Sweep:
    """Read an Ultrasound (Multi-frame) Image Storage object, or another one of modality US.

    Frames become 8-bit gray: luma (BT.601) of RGB, YBR and palette color, MONOCHROME1 inverted, and levels of other
    than 8 bits by the VOI window or the range in use; the header says which ("GreyFrom"). The image is taken as MF,
    as it is displayed. The B-mode region of `SequenceOfUltrasoundRegions` gives `pixel_spacing`, with PixelSpacing as
    a fallback, and the header's "ClipRectangleOrigin" and "ClipRectangleSize" (pixels, as in PLUS).

    Raises:
        FileFormatError: The file is missing, no DICOM, not of ultrasound, damaged, or of a pixel type that is not
            read; or pydicom is not installed.
        GeometryError: The frames would not fit in memory.
    """
    absent = missing_module(["pydicom"], "dicom")
    if absent:
        raise FileFormatError("is DICOM", where=path, remedy=absent)
    try:
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")
            # Mapped, so that a damaged length cannot ask for more than the file holds.
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return _read(mapped, path)
    except EdgeSdkError:
        raise
    except OSError as error:
        raise FileFormatError(
            f"cannot be read ({error.strerror or error})", where=path, remedy="check the path and its permissions"
        ) from error
    except Exception as error:  # pydicom raises many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise FileFormatError(
            f"cannot be read as DICOM: {reason or type(error).__name__}", where=path, remedy="export the file again"
        ) from error


def _read(mapped: mmap.mmap, path: Path) -> Sweep:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        dataset = pydicom.dcmread(mapped)  # type: ignore[arg-type]  # any object that reads and seeks
    except InvalidDicomError as error:
        raise FileFormatError("is not a DICOM file", where=path, remedy="check the file") from error
    _check_ultrasound(dataset, path)
    check_length(dataset, path)
    found = gray_frames(dataset, path)
    stack = FrameStack(path)
    for frame in found.frames:
        stack.append(frame)
    if not len(stack):
        raise FileFormatError("holds no frame", where=path, remedy="export it with its images")
    images = stack.images()
    stated = int(dataset.get("NumberOfFrames") or 1)
    region = b_mode_region(dataset, images.shape[1:])
    spacing, spacing_from = (region.spacing, "SequenceOfUltrasoundRegions") if region else (None, "")
    if spacing is None:
        spacing, spacing_from = pixel_spacing(dataset), "PixelSpacing"
    times = frame_times(dataset, len(images))
    header = {
        "SOPClass": dataset.SOPClassUID.name,
        "TransferSyntax": dataset.file_meta.TransferSyntaxUID.name,
        **{name: " ".join(str(dataset.get(name)).split()) for name in _DEVICE if dataset.get(name)},
        "GreyFrom": found.source,
        "TimesFrom": times.source,
    }
    if spacing is not None:
        header["PixelSpacingFrom"] = spacing_from
    if region is not None:
        header |= clip_rectangle_fields(region.origin, region.size)
        header["BModeRegions"] = str(region.candidates)
    return Sweep(
        images=images,
        timestamps=times.seconds,
        image_status=(OK,) * len(images),
        header=header,
        source=path,
        pixel_spacing=spacing,
        provenance=Provenance(frames_lost=max(0, stated - len(images)) or None, source_format="DICOM"),
        remarks=(*_other_number(len(images), stated), *found.remarks, *times.remarks),
    )


def _other_number(held: int, stated: int) -> tuple[SweepWarning, ...]:
    if held == stated:
        return ()
    return (
        SweepWarning(
            f"the file holds {held} frames, NumberOfFrames says {stated}",
            "it was cut off, or frames were removed or added without correcting the number",
            f"all {held} frames were read; export it again if any is missing",
        ),
    )


def _check_ultrasound(dataset: Any, path: Path) -> None:
    storage = dataset.get("SOPClassUID", "")
    if storage == _VOLUME_STORAGE:
        raise FileFormatError(
            "is an Enhanced Ultrasound Volume, already three-dimensional",
            where=path,
            remedy="export it as a volume (.nii.gz, .mha or .nrrd)",
        )
    if storage not in _STORAGE and dataset.get("Modality") != "US":
        what = getattr(storage, "name", "") or "of no SOP class"
        raise FileFormatError(
            f"is DICOM of another kind ({what}, modality {dataset.get('Modality') or 'unknown'}), expected ultrasound",
            where=path,
            remedy="give an Ultrasound or Ultrasound Multi-frame Image",
        )
    if "PixelData" not in dataset:
        raise FileFormatError("holds no pixels", where=path, remedy="export it with its images")
    if dataset.get("PixelRepresentation", 0) and int(dataset.BitsStored) <= 8:
        raise FileFormatError("holds signed pixels, expected unsigned ones", where=path, remedy="export it as B-mode")
    count = int(dataset.get("NumberOfFrames") or 1)
    if count < 1 or not dataset.get("Rows") or not dataset.get("Columns"):
        raise FileFormatError("has frames without rows, columns or number", where=path, remedy="export it again")
    check_frames(count, dataset.Rows, dataset.Columns, path)
