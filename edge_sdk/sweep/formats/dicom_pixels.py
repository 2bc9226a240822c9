"""Frames of a DICOM object as they are stored, through pydicom and the decoders that are installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.formats.dicom_bits import RUN_LENGTH, significant

_JPEG_LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}
_JPEG_OF_PILLOW = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}


def stored_frames(dataset: Any, path: Path, *, raw: bool = False) -> Iterator[NDArray[Any]]:
    """Each frame as pydicom decodes it: (H, W), or (H, W, 3).

    Args:
        dataset: The object.
        path: Named in errors.
        raw: Leave three channels as they are stored; else YBR is converted to RGB as the label says.

    Raises:
        FileFormatError: No decoder for its compression is installed, or a frame is not what the object says.
    """
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import iter_pixels

    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated or syntax == RUN_LENGTH:
        for frame in iter_pixels(dataset, raw=raw, correct_unused_bits=False):
            yield significant(frame, dataset)
    elif get_decoder(syntax).is_available:
        yield from iter_pixels(dataset, raw=raw, decoding_plugin="pillow" if _pillow(dataset) else "")
    elif syntax in _JPEG_LOSSLESS and dataset.SamplesPerPixel == 1 and dataset.BitsAllocated == 8:
        yield from _jpeg_frames(dataset, path)
    else:
        raise FileFormatError(
            f"its pixels are compressed as {syntax.name}, for which no decoder is installed",
            where=path,
            remedy="pip install python-gdcm, or export it uncompressed",
        )


def first_jpeg(dataset: Any) -> bytes | None:
    """The first frame of colors as Pillow gets it; None where it is not a JPEG that Pillow decodes."""
    from pydicom.encaps import generate_frames

    if not _pillow(dataset):
        return None
    frames = generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1))
    return next(iter(frames), None)


def check_length(dataset: Any, path: Path) -> None:
    """Refuse uncompressed pixels that end before the number of frames that the object states.

    Raises:
        FileFormatError: They do; names both numbers.
    """
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated or dataset.PhotometricInterpretation == "YBR_FULL_422":
        return
    bits = dataset.Rows * dataset.Columns * int(dataset.get("SamplesPerPixel", 1)) * int(dataset.BitsAllocated)
    stated, held = int(dataset.get("NumberOfFrames") or 1), 8 * len(dataset.PixelData) // bits
    if held < stated:
        raise FileFormatError(
            f"cannot be read as DICOM: its pixels are {held} whole frames, NumberOfFrames says {stated}",
            where=path,
            remedy="copy or export the file again",
        )


def as_little_endian(dataset: Any) -> None:
    """Swap the bytes of a big-endian file's palette: pydicom 3 takes 16-bit entries in the machine's order."""
    if dataset.file_meta.TransferSyntaxUID.is_little_endian:
        return
    entries = dataset.RedPaletteColorLookupTableDescriptor[0] or 1 << 16
    for color in ("Red", "Green", "Blue"):
        name = f"{color}PaletteColorLookupTableData"
        if len(dataset.get(name) or b"") == 2 * entries:
            setattr(dataset, name, np.frombuffer(dataset.get(name), ">u2").astype("<u2").tobytes())


def _pillow(dataset: Any) -> bool:
    """Whether Pillow decodes the frames, whose treatment of colors is known."""
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    return (
        syntax in _JPEG_OF_PILLOW and dataset.SamplesPerPixel == 3 and "pillow" in get_decoder(syntax).available_plugins
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
