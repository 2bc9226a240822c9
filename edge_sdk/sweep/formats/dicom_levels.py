"""Levels of more or fewer than 8 bits as 0 … 255: by the object's VOI window or table, or by the range in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.gray_range import windowed
from edge_sdk.sweep.formats.dicom_voi import (
    display_attributes,
    first_number,
    has_no_window,
    modality_levels,
    unusable_voi,
    window_ends,
    windowed_levels,
)
from edge_sdk.sweep.warning import SweepWarning

_OFF = 8
"""Levels by which the window of an 8-bit object may differ from all levels without a word."""


@dataclass(frozen=True)
class Levels:
    """How the levels of an object become 8 bits.

    Attributes:
        dataset: The object.
        lowest, highest: Levels in use after the modality's table or rescale, over all frames.
        windowed: Whether the VOI window or table is applied; else the range in use is.
        source: Name of what is applied.
        remarks: What the user has to know of it.
    """

    dataset: Any
    lowest: float
    highest: float
    windowed: bool
    source: str
    remarks: tuple[SweepWarning, ...]

    def shown(self, frame: NDArray[Any], index: int) -> NDArray[np.uint8]:
        """A frame of stored levels as uint8, of the same shape."""
        source = display_attributes(self.dataset, index)
        levels = modality_levels(frame, source)
        if not self.windowed:
            return _eight_bits(levels, self.lowest, self.highest)
        shown, low, high = windowed_levels(levels, source)
        return _eight_bits(shown, low, high)


def levels_of(dataset: Any, frames: Iterable[NDArray[Any]]) -> Levels:
    """How to show the levels of an object of one channel, or of three.

    Args:
        dataset: The object.
        frames: All its frames, as stored.
    """
    lowest, highest = np.inf, -np.inf
    for index, frame in enumerate(frames):
        levels = modality_levels(frame, display_attributes(dataset, index))
        lowest, highest = min(lowest, float(levels.min())), max(highest, float(levels.max()))
    first = display_attributes(dataset, 0)
    bits, remarks = int(dataset.BitsStored), list[SweepWarning]()
    colored = int(dataset.get("SamplesPerPixel", 1)) > 1
    # Windows are of gray levels; black is 0 in colors.
    lowest = min(0.0, lowest) if colored else lowest
    unusable = None if colored else unusable_voi(first, lowest, highest)
    windowed = unusable == ""
    source = "VOI table" if "VOILUTSequence" in first else "VOI window"
    if unusable:
        remarks.append(
            SweepWarning(
                f"its {source} {unusable}, and is not used", "it was made for other levels", "correct it in the file"
            )
        )
    if windowed and source == "VOI window":
        low, high = window_ends(first)
        range_text = f"{low:.6g}…{high:.6g}, its VOI window,"
    elif windowed:
        range_text = f"{lowest:.6g}…{highest:.6g}, by its VOI table,"
    else:
        range_text, source = f"{lowest:.6g}…{highest:.6g}, the range in use,", "range in use"
    remarks.append(
        SweepWarning(
            f"{bits}-bit levels {range_text} are shown as 0…255",
            "the object does not have 8 bits per pixel",
            "export it in 8 bits where recordings must have comparable levels",
        )
    )
    return Levels(dataset, lowest, highest, windowed, f"{source} {range_text.split(',')[0]}", tuple(remarks))


def window_not_applied(dataset: Any) -> SweepWarning | None:
    """What to say of an 8-bit object that is to be shown with other levels than stored: they are kept all the same."""
    first = display_attributes(dataset, 0)
    names = []
    if "ModalityLUTSequence" in first:
        names.append("modality table")
    elif (slope := first_number(first, "RescaleSlope")) < np.inf and (
        slope,
        first_number(first, "RescaleIntercept"),
    ) != (1, 0):
        names.append(f"rescale slope {slope:g}")
    if "VOILUTSequence" in first:
        names.append("VOI table")
    elif not has_no_window(first):
        low, high = window_ends(first)
        if max(abs(low), abs(high - 255)) > _OFF:
            names.append(f"VOI window {low:.6g}…{high:.6g}")
    if not names:
        return None
    return SweepWarning(
        f"its {' and '.join(names)} is not applied: 8-bit levels are kept as stored",
        "the scanner's screen showed the images with other contrast",
        "export it with its contrast applied where that of the screen is wanted",
    )


def _eight_bits(levels: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    return windowed(levels, (low, high)) if high > low else np.zeros(levels.shape, np.uint8)
