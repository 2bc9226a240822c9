"""Levels of more or fewer than 8 bits as 0 … 255: by the object's VOI window or table, or by the range in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

_MODALITY = ("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence")
_VOI = ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence")
_OFF = 8
"""Levels by which the window of an 8-bit object may differ from all levels without a word."""
_EVERYWHERE = np.array([-1e9, 1e9])


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
        source = _voi_source(self.dataset, index)
        levels = _modality_levels(frame, source)
        if not self.windowed:
            return _eight_bits(levels, self.lowest, self.highest)
        shown, low, high = _windowed(levels, source)
        return _eight_bits(shown, low, high)


def levels_of(dataset: Any, frames: Iterable[NDArray[Any]]) -> Levels:
    """How to show the levels of an object of one channel, or of three.

    Args:
        dataset: The object.
        frames: All its frames, as stored.
    """
    lowest, highest = np.inf, -np.inf
    for index, frame in enumerate(frames):
        levels = _modality_levels(frame, _voi_source(dataset, index))
        lowest, highest = min(lowest, float(levels.min())), max(highest, float(levels.max()))
    first = _voi_source(dataset, 0)
    bits, remarks = int(dataset.BitsStored), list[SweepWarning]()
    colored = int(dataset.get("SamplesPerPixel", 1)) > 1
    # Windows are of gray levels; black is 0 in colors.
    lowest = min(0.0, lowest) if colored else lowest
    unusable = None if colored else _unusable(first, lowest, highest)
    windowed = unusable == ""
    source = "VOI table" if "VOILUTSequence" in first else "VOI window"
    if unusable:
        remarks.append(
            SweepWarning(
                f"its {source} {unusable}, and is not used", "it was made for other levels", "correct it in the file"
            )
        )
    if windowed and source == "VOI window":
        low, high = _window_ends(first)
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
    first = _voi_source(dataset, 0)
    names = []
    if "ModalityLUTSequence" in first:
        names.append("modality table")
    elif (slope := _first(first, "RescaleSlope")) < np.inf and (slope, _first(first, "RescaleIntercept")) != (1, 0):
        names.append(f"rescale slope {slope:g}")
    if "VOILUTSequence" in first:
        names.append("VOI table")
    elif not _no_window(first):
        low, high = _window_ends(first)
        if max(abs(low), abs(high - 255)) > _OFF:
            names.append(f"VOI window {low:.6g}…{high:.6g}")
    if not names:
        return None
    return SweepWarning(
        f"its {' and '.join(names)} is not applied: 8-bit levels are kept as stored",
        "the scanner's screen showed the images with other contrast",
        "export it with its contrast applied where that of the screen is wanted",
    )


def significant(frame: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """The stored values of an uncompressed or run-length coded frame, without the bits beside HighBit's.

    pydicom 3.0 takes HighBit for BitsStored - 1, whatever it is.
    """
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    low = int(dataset.get("HighBit", stored - 1)) + 1 - stored
    if allocated == stored or allocated not in (8, 16, 32) or not 0 <= low <= allocated - stored:
        return frame
    signed = bool(dataset.get("PixelRepresentation", 0))
    # The top bits are shifted out to the left, those below the lowest one to the right, with the sign.
    kind = np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
    whole = frame.astype(kind) << kind.type(allocated - stored - low)
    return np.asarray(whole >> kind.type(allocated - stored))


def _voi_source(dataset: Any, index: int) -> Any:
    """The attributes that show one frame: its functional groups' before the shared ones before the object's own."""
    from pydicom.dataset import Dataset

    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    groups = [*per_frame[index : index + 1], *(dataset.get("SharedFunctionalGroupsSequence") or ())]
    holders = [
        item
        for group in groups
        for name in ("FrameVOILUTSequence", "PixelValueTransformationSequence")
        for item in group.get(name) or ()
    ]
    source = Dataset()
    source.PhotometricInterpretation = "MONOCHROME2"
    source.BitsStored, source.PixelRepresentation = dataset.BitsStored, dataset.get("PixelRepresentation", 0)
    for names in (_MODALITY, _VOI):
        for holder in (*holders, dataset):
            found = [name for name in names if _given(holder, name)]
            if found:
                for name in found:
                    source[name] = holder[name]
                break
    return source


def _given(holder: Any, name: str) -> bool:
    value = holder.get(name)
    return value is not None and value != "" and not (name.endswith("Sequence") and len(value) == 0)


def _modality_levels(frame: NDArray[Any], source: Any) -> NDArray[Any]:
    from pydicom.pixels.processing import apply_modality_lut

    if "ModalityLUTSequence" in source or ("RescaleSlope" in source and "RescaleIntercept" in source):
        return np.asarray(apply_modality_lut(frame, source))
    return frame


def _windowed(levels: NDArray[Any], source: Any) -> tuple[NDArray[Any], float, float]:
    """Levels after the VOI window or table, and the lowest and highest level that it gives."""
    from pydicom.pixels.processing import apply_voi, apply_windowing

    if "VOILUTSequence" in source:
        bits = int(source.VOILUTSequence[0].LUTDescriptor[2])
        return apply_voi(np.rint(levels).astype(np.int64), source), 0.0, 2.0**bits - 1
    with np.errstate(over="ignore"):
        low, high = apply_windowing(_EVERYWHERE, source)
        return apply_windowing(levels.astype(np.float64), source), float(low), float(high)


def _eight_bits(levels: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.rint(np.clip((levels.astype(np.float64) - low) * scale, 0, 255)).astype(np.uint8)


def _unusable(source: Any, lowest: float, highest: float) -> str | None:
    """Why the VOI window or table is not applied: "" where it is, None where there is none."""
    if "VOILUTSequence" in source:
        return ""
    if _no_window(source):
        return None if "WindowCenter" not in source and "WindowWidth" not in source else _window_text(source)
    low, high = _window_ends(source)
    if highest > lowest and (high <= lowest or low >= highest):
        return f"{low:.6g}…{high:.6g} holds none of the levels in use, {lowest:.6g}…{highest:.6g}"
    return ""


def _window_text(source: Any) -> str:
    center, width = (_first(source, name) for name in ("WindowCenter", "WindowWidth"))
    return f"has the center {center:g} and the width {width:g}"


def _no_window(source: Any) -> bool:
    center, width = _first(source, "WindowCenter"), _first(source, "WindowWidth")
    least = 0.0 if _function(source) != "LINEAR" else 1.0
    return not np.isfinite(center) or not np.isfinite(width) or width < least or width <= 0


def _window_ends(source: Any) -> tuple[float, float]:
    """Levels between which a window spreads what it shows (PS3.3 C.11.2.1.2)."""
    center, width = _first(source, "WindowCenter"), _first(source, "WindowWidth")
    if _function(source) == "LINEAR":
        center, width = center - 0.5, width - 1
    return center - width / 2, center + width / 2


def _function(source: Any) -> str:
    return str(source.get("VOILUTFunction") or "LINEAR").upper()


def _first(source: Any, name: str) -> float:
    """The first number of an attribute that may have several; NaN where there is none."""
    value = source.get(name)
    if hasattr(value, "append"):
        value = value[0] if len(value) else None
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
