"""Ultrasound DICOM, single and multi-frame, as sweeps without poses, through pydicom."""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.containers.dicom_file import is_dicom
from edge_sdk.errors import EdgeSdkError, FileFormatError
from edge_sdk.extras import missing_module
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.formats.dicom_tags import b_mode_region, frame_times, pixel_spacing
from edge_sdk.sweep.formats.frames import FrameStack, check_frames, gray
from edge_sdk.sweep.image_geometry import clip_rectangle_fields
from edge_sdk.sweep.sweep import OK, Sweep

__all__ = ["is_dicom", "read_dicom_cine"]

_ULTRASOUND = "1.2.840.10008.5.1.4.1.1."
_STORAGE = {f"{_ULTRASOUND}{number}" for number in ("6", "6.1", "3", "3.1")}
"""Ultrasound and Ultrasound Multi-frame Image Storage, each retired and current."""
_VOLUME_STORAGE = f"{_ULTRASOUND}6.2"
_JPEG_LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}
_DEVICE = ("Manufacturer", "ManufacturerModelName", "TransducerType", "DepthOfScanField")
"""Kept in the header; what names a patient or a place is not."""


def read_dicom_cine(path: Path) -> Sweep:
    """Read an Ultrasound (Multi-frame) Image Storage object, or another one of modality US.

    Frames become 8-bit gray: luma (BT.601) of RGB, YBR and palette color, MONOCHROME1 inverted, and more than 8 bits
    scaled by dropping the low ones; the header says which ("GreyFrom"). The image is taken as MF, as it is displayed.
    The B-mode region of `SequenceOfUltrasoundRegions` gives `pixel_spacing`, with PixelSpacing as a fallback, and the
    header's "ClipRectangleOrigin" and "ClipRectangleSize" (pixels, as in PLUS).

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
    stack = FrameStack(path)
    for frame in _gray_frames(dataset, path):
        stack.append(frame)
    images = stack.images()
    region = b_mode_region(dataset, images.shape[1:])
    spacing, spacing_from = (region.spacing, "SequenceOfUltrasoundRegions") if region else (None, "")
    if spacing is None:
        spacing, spacing_from = pixel_spacing(dataset), "PixelSpacing"
    times, times_from = frame_times(dataset, len(images))
    header = {
        "SOPClass": dataset.SOPClassUID.name,
        "TransferSyntax": dataset.file_meta.TransferSyntaxUID.name,
        **{name: " ".join(str(dataset.get(name)).split()) for name in _DEVICE if dataset.get(name)},
        "GreyFrom": _gray_from(dataset),
        "TimesFrom": times_from,
    }
    if spacing is not None:
        header["PixelSpacingFrom"] = spacing_from
    if region is not None:
        header |= clip_rectangle_fields(region.origin, region.size)
        header["BModeRegions"] = str(region.candidates)
    return Sweep(
        images=images,
        timestamps=times,
        image_status=(OK,) * len(images),
        header=header,
        source=path,
        pixel_spacing=spacing,
        provenance=Provenance(source_format="DICOM"),
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
    if dataset.get("PixelRepresentation", 0):
        raise FileFormatError("holds signed pixels, expected unsigned ones", where=path, remedy="export it as B-mode")
    count = int(dataset.get("NumberOfFrames") or 1)
    if count < 1 or not dataset.get("Rows") or not dataset.get("Columns"):
        raise FileFormatError("has frames without rows, columns or number", where=path, remedy="export it again")
    check_frames(count, dataset.Rows, dataset.Columns, path)


def _gray_frames(dataset: Any, path: Path) -> Iterator[NDArray[np.uint8]]:
    """Each frame as (H, W) uint8."""
    from pydicom.pixels.processing import apply_color_lut

    kind, bits = dataset.PhotometricInterpretation, int(dataset.BitsStored)
    if kind == "PALETTE COLOR":
        _as_little_endian(dataset)
    for frame in _stored_frames(dataset, path):
        if kind == "PALETTE COLOR":
            colored = apply_color_lut(frame, dataset)[..., :3]
            yield gray(_eight_bits(colored, 8 * colored.dtype.itemsize))
        elif kind == "MONOCHROME1":
            yield 255 - _eight_bits(frame, bits)
        else:
            yield gray(_eight_bits(frame, bits))


def _as_little_endian(dataset: Any) -> None:
    """Swap the bytes of a big-endian file's palette: pydicom 3 takes 16-bit entries in the machine's order."""
    if dataset.file_meta.TransferSyntaxUID.is_little_endian:
        return
    entries = dataset.RedPaletteColorLookupTableDescriptor[0] or 1 << 16
    for color in ("Red", "Green", "Blue"):
        name = f"{color}PaletteColorLookupTableData"
        if len(dataset.get(name) or b"") == 2 * entries:
            setattr(dataset, name, np.frombuffer(dataset.get(name), ">u2").astype("<u2").tobytes())


def _stored_frames(dataset: Any, path: Path) -> Iterator[NDArray[Any]]:
    """Each frame as pydicom decodes it: (H, W), or (H, W, 3) RGB."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import iter_pixels

    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated or get_decoder(syntax).is_available:
        yield from iter_pixels(dataset)
    elif syntax in _JPEG_LOSSLESS and dataset.SamplesPerPixel == 1 and dataset.BitsAllocated == 8:
        yield from _jpeg_frames(dataset, path)
    else:
        raise FileFormatError(
            f"its pixels are compressed as {syntax.name}, for which no decoder is installed",
            where=path,
            remedy="pip install python-gdcm, or export it uncompressed",
        )


def _jpeg_frames(dataset: Any, path: Path) -> Iterator[NDArray[np.uint8]]:
    """Gray JPEG frames through OpenCV's libjpeg-turbo, which decodes lossless JPEG too."""
    import cv2
    from pydicom.encaps import generate_frames

    shape = (dataset.Rows, dataset.Columns)
    frames = generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
    for index, data in enumerate(frames):
        frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if frame is None or frame.shape != shape or frame.dtype != np.uint8:
            raise FileFormatError(
                f"frame {index} is not a gray JPEG of {shape[1]}×{shape[0]}", where=path, remedy="export it again"
            )
        yield frame


def _eight_bits(frame: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """The highest 8 of `bits` significant bits."""
    return (frame >> max(0, bits - 8)).astype(np.uint8)


def _gray_from(dataset: Any) -> str:
    kind = dataset.PhotometricInterpretation
    how = {"MONOCHROME2": "as stored", "MONOCHROME1": "inverted"}.get(kind, "luma (BT.601)")
    bits = int(dataset.BitsStored)
    if kind == "PALETTE COLOR":
        bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
    return f"{kind}: {how}" + (f"; the highest 8 of {bits} bits" if bits > 8 else "")
