"""The attributes by which a DICOM object shows its gray levels (PS3.3 C.11.1, C.11.2), through pydicom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MODALITY = ("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence")
_VOI = ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence")
_EVERYWHERE = np.array([-1e9, 1e9])


def display_attributes(dataset: Any, index: int) -> Any:
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


def modality_levels(frame: NDArray[Any], source: Any) -> NDArray[Any]:
    """Stored levels after the modality's table or rescale, of the same shape; as they are where there is none."""
    from pydicom.pixels.processing import apply_modality_lut

    if "ModalityLUTSequence" in source or ("RescaleSlope" in source and "RescaleIntercept" in source):
        return np.asarray(apply_modality_lut(frame, source))
    return frame


def windowed_levels(levels: NDArray[Any], source: Any) -> tuple[NDArray[Any], float, float]:
    """Levels after the VOI window or table, and the lowest and highest level that it gives."""
    from pydicom.pixels.processing import apply_voi, apply_windowing

    if "VOILUTSequence" in source:
        entries, first, bits = (int(number) for number in source.VOILUTSequence[0].LUTDescriptor)
        whole = apply_voi(np.arange(first, first + (entries or 1 << 16)), source)
        # Some exporters state 16 bits and write 8, which would all be black.
        highest = 255.0 if whole.max() <= 255 else 2.0**bits - 1
        return apply_voi(np.rint(levels).astype(np.int64), source), 0.0, min(highest, 2.0**bits - 1)
    with np.errstate(over="ignore"):
        low, high = apply_windowing(_EVERYWHERE, source)
        return apply_windowing(levels.astype(np.float64), source), float(low), float(high)


def unusable_voi(source: Any, lowest: float, highest: float) -> str | None:
    """Why the VOI window or table is not applied: "" where it is, None where there is none."""
    if "VOILUTSequence" in source:
        return ""
    if has_no_window(source):
        return None if "WindowCenter" not in source and "WindowWidth" not in source else _window_text(source)
    low, high = window_ends(source)
    if highest > lowest and (high <= lowest or low >= highest):
        return f"{low:.6g}…{high:.6g} holds none of the levels in use, {lowest:.6g}…{highest:.6g}"
    return ""


def _window_text(source: Any) -> str:
    center, width = (first_number(source, name) for name in ("WindowCenter", "WindowWidth"))
    return f"has the center {center:g} and the width {width:g}"


def has_no_window(source: Any) -> bool:
    """Whether there is no window, or none that has a width."""
    center, width = first_number(source, "WindowCenter"), first_number(source, "WindowWidth")
    least = 0.0 if _function(source) != "LINEAR" else 1.0
    return not np.isfinite(center) or not np.isfinite(width) or width < least or width <= 0


def window_ends(source: Any) -> tuple[float, float]:
    """Levels between which a window spreads what it shows (PS3.3 C.11.2.1.2)."""
    center, width = first_number(source, "WindowCenter"), first_number(source, "WindowWidth")
    if _function(source) == "LINEAR":
        center, width = center - 0.5, width - 1
    return center - width / 2, center + width / 2


def _function(source: Any) -> str:
    return str(source.get("VOILUTFunction") or "LINEAR").upper()


def first_number(source: Any, name: str) -> float:
    """The first number of an attribute that may have several; NaN where there is none."""
    value = source.get(name)
    if hasattr(value, "append"):
        value = value[0] if len(value) else None
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
