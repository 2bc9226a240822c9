"""The frames of a DICOM object as 8-bit gray, whatever their levels and colors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.formats.dicom_bits import unused_bits
from edge_sdk.sweep.formats.dicom_color import color_reading
from edge_sdk.sweep.formats.dicom_levels import levels_of, window_not_applied
from edge_sdk.sweep.formats.dicom_pixels import as_little_endian, first_jpeg, stored_frames
from edge_sdk.sweep.formats.frames import gray
from edge_sdk.sweep.warning import SweepWarning

_LOOKED_AT, _LOOKED_AT_SIDE = 64, 200
"""First frames whose colors are looked at, as some cines begin black, and pixels along each side of them."""
_PARTIAL_BLACK, _PARTIAL_RANGE = 16, 219
"""Luma of black, and from black to white, in YBR_PARTIAL (ITU-R BT.601)."""


@dataclass(frozen=True)
class GrayFrames:
    """The frames of an object.

    Attributes:
        frames: Each frame (H, W) uint8, decoded when asked for.
        source: What the gray is made from, for people.
        remarks: What the user has to know of it.
    """

    frames: Iterator[NDArray[np.uint8]]
    source: str
    remarks: tuple[SweepWarning, ...] = ()


def gray_frames(dataset: Any, path: Path) -> GrayFrames:
    """How an object's frames become gray, by its label, its bits and what its pixels show.

    Levels of 8 bits are kept, others are shown by the VOI window or the range in use; MONOCHROME1 is inverted.

    Raises:
        FileFormatError: No decoder for its compression is installed.
    """
    found, stray = _by_kind(dataset, path), unused_bits(dataset)
    return found if stray is None else replace(found, remarks=(*found.remarks, stray))


def _by_kind(dataset: Any, path: Path) -> GrayFrames:
    kind, bits = str(dataset.PhotometricInterpretation), int(dataset.BitsStored)
    if kind == "PALETTE COLOR":
        return _from_palette(dataset, path)
    if bits != 8:
        return _from_levels(dataset, path, kind)
    if int(dataset.get("SamplesPerPixel", 1)) == 3:
        return _from_colors(dataset, path, kind)
    window = window_not_applied(dataset)
    remarks = () if window is None else (window,)
    frames = (frame.astype(np.uint8, copy=False) for frame in stored_frames(dataset, path))
    if kind == "MONOCHROME1":
        return GrayFrames((255 - frame for frame in frames), f"{kind}: inverted", remarks)
    return GrayFrames(frames, f"{kind}: as stored", remarks)


def _from_levels(dataset: Any, path: Path, kind: str) -> GrayFrames:
    levels = levels_of(dataset, stored_frames(dataset, path))

    def frames() -> Iterator[NDArray[np.uint8]]:
        for index, frame in enumerate(stored_frames(dataset, path)):
            shown = gray(levels.shown(frame, index))
            yield 255 - shown if kind == "MONOCHROME1" else shown

    how = {"MONOCHROME2": "as shown", "MONOCHROME1": "inverted"}.get(kind, "luma (BT.601)")
    return GrayFrames(frames(), f"{kind}: {how}; {levels.source} as 0…255", levels.remarks)


def _from_colors(dataset: Any, path: Path, kind: str) -> GrayFrames:
    partial = kind.startswith("YBR_PARTIAL")
    reading = None
    if kind == "RGB" or kind.startswith(("YBR_FULL", "YBR_PARTIAL")):
        looked_at = [_thinned(frame) for frame in islice(stored_frames(dataset, path, raw=True), _LOOKED_AT)]
        reading = color_reading(kind, looked_at, first_jpeg(dataset))
    if reading is None and not partial:
        return GrayFrames((gray(frame) for frame in stored_frames(dataset, path)), f"{kind}: luma (BT.601)")
    to_gray: Callable[[NDArray[Any]], NDArray[np.uint8]] = gray
    if reading is None or (partial and reading.colors == "YBR"):
        to_gray = _partial_luma
    elif reading.colors == "YBR":
        to_gray = _luma
    remarks = (reading.remark,) if reading and reading.remark else ()
    read_as = f", read as {reading.colors}" if reading else ""
    frames = (to_gray(frame) for frame in stored_frames(dataset, path, raw=True))
    return GrayFrames(frames, f"{kind}{read_as}: luma (BT.601)", remarks)


def _thinned(frame: NDArray[Any]) -> NDArray[np.uint8]:
    rows, columns = (max(1, side // _LOOKED_AT_SIDE) for side in frame.shape[:2])
    return np.array(frame[::rows, ::columns], np.uint8)


def _luma(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """Luma of YBR by way of RGB, as of frames that are labeled rightly."""
    from pydicom.pixels.processing import convert_color_space

    return gray(convert_color_space(frame, "YBR_FULL", "RGB"))


def _partial_luma(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """Luma of YBR_PARTIAL, which pydicom leaves as it is."""
    levels = (frame[..., 0].astype(np.float64) - _PARTIAL_BLACK) * (255 / _PARTIAL_RANGE)
    return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)


def _from_palette(dataset: Any, path: Path) -> GrayFrames:
    from pydicom.pixels.processing import apply_color_lut

    as_little_endian(dataset)
    bits = int(dataset.RedPaletteColorLookupTableDescriptor[2])
    highest, remarks = bits, tuple[SweepWarning, ...]()
    if bits > 8:
        entries = np.arange(int(dataset.RedPaletteColorLookupTableDescriptor[0]) or 1 << 16)
        first = int(dataset.RedPaletteColorLookupTableDescriptor[1])
        if apply_color_lut((entries + first).astype(np.uint16)[None], dataset)[..., :3].max() <= 255:
            # Some exporters state 16 bits and write 8, which would all be black.
            highest = 8
            remarks = (
                SweepWarning(
                    f"its palette states {bits} bits, and no entry is above 255",
                    "the exporter wrote 8-bit colors",
                    "they were read as 8-bit colors; compare the images with the scanner's screen",
                ),
            )

    def frames() -> Iterator[NDArray[np.uint8]]:
        for frame in stored_frames(dataset, path):
            colored = apply_color_lut(frame, dataset)[..., :3]
            yield gray((colored >> max(0, min(highest, 8 * colored.dtype.itemsize) - 8)).astype(np.uint8))

    how = "luma (BT.601)" + (f"; the highest 8 of {bits} bits" if highest > 8 else "")
    return GrayFrames(frames(), f"PALETTE COLOR: {how}", remarks)
