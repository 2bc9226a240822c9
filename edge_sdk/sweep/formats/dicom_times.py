"""When the frames of a DICOM object were taken (PS3.3 C.7.6.5 Cine, C.7.6.6 Multi-frame)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

_VECTOR, _FRAME_TIME = "FrameTimeVector", "FrameTime"
_CINE_RATE, _DURATION, _DISPLAY_RATE = "CineRate", "ActualFrameDuration", "RecommendedDisplayFrameRate"
_ORDER = (_VECTOR, _FRAME_TIME, _CINE_RATE, _DURATION, _DISPLAY_RATE)
_RATES = (_CINE_RATE, _DISPLAY_RATE)
_MS = 1000.0
_DIFFERENT = 1.2
"""Ratio of two frame times from which they contradict each other; rates are often rounded to whole numbers."""
_SHORTEST_MS = 0.1
"""No scanner takes 10,000 images per second of a cine."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FrameTimes:
    """Times of the frames of an object.

    Attributes:
        seconds: (N,) from the first frame; NaN where the object has none.
        source: Attribute that they come from.
        remarks: What of the object's time attributes is unusable or contradicts others.
    """

    seconds: Floats
    source: str
    remarks: tuple[SweepWarning, ...] = ()


def frame_times(dataset: Any, count: int) -> FrameTimes:
    """Times of `count` frames from the first usable attribute.

    The attribute that FrameIncrementPointer names comes first, then FrameTimeVector, FrameTime, CineRate,
    ActualFrameDuration and RecommendedDisplayFrameRate.
    """
    if count == 1:
        return FrameTimes(np.zeros(1), "a single frame")
    usable: list[tuple[str, Floats]] = []
    wrong: list[str] = []
    notes: list[SweepWarning] = []
    pointed = _pointed(dataset)
    order = dict.fromkeys([*pointed, *_ORDER])
    for name in (name for name in order if dataset.get(name) is not None or name in pointed):
        times = _times(dataset, name, count)
        if not isinstance(times, str):
            usable.append((name, times))
        elif not usable:
            wrong.append(f"{name} {times}")
    if not usable:
        where = "nowhere: the file has neither frame times nor a frame rate"
        return FrameTimes(np.full(count, np.nan), where, tuple(_unusable(wrong, "no other attribute")))
    name, times = usable[0]
    notes += _unusable(wrong, name)
    if name == _VECTOR and _is_cumulative(_values(dataset, name)):
        notes.append(
            SweepWarning(
                f"{_VECTOR} grows evenly from frame to frame, as times do and not the steps between them",
                "the exporter wrote the time since the first frame",
                "it was read as times; check the duration",
            )
        )
    notes += _contradictions(usable)
    step = float(np.median(np.diff(times)))
    if step * _MS < _SHORTEST_MS:
        notes.append(
            SweepWarning(
                f"{name} says {1 / step:.0f} frames per second",
                "it is in seconds, not in milliseconds",
                "correct it in the file, or give poses that count with its times",
            )
        )
    if name == _DISPLAY_RATE:
        notes.append(
            SweepWarning(
                f"the only frame rate is {name}, for showing the images",
                "the exporter left out FrameTime and CineRate",
                "the frames may have been taken at another rate; check the duration before joining poses by time",
            )
        )
    return FrameTimes(times, name, tuple(notes))


def _pointed(dataset: Any) -> tuple[str, ...]:
    """The attributes of time that FrameIncrementPointer names."""
    from pydicom.datadict import keyword_for_tag

    pointer = dataset.get("FrameIncrementPointer")
    tags = pointer if isinstance(pointer, (list, tuple)) or hasattr(pointer, "append") else [pointer]
    names = [keyword_for_tag(tag) for tag in tags if tag is not None]
    return tuple(name for name in names if name in _ORDER)


def _values(dataset: Any, name: str) -> Floats:
    """The numbers of an attribute, (n,); NaN for what is none, empty where it is blank or absent."""
    value = dataset.get(name)
    if value is None or value == "":
        return np.zeros(0)
    items = value if hasattr(value, "__len__") and not isinstance(value, str) else [value]
    return np.array([_float(item) for item in items], np.float64)


def _float(item: object) -> float:
    try:
        return float(str(item))
    except ValueError:
        return float("nan")


def _times(dataset: Any, name: str, count: int) -> Floats | str:
    """Seconds of each frame by one attribute, or what is wrong with it."""
    values = _values(dataset, name)
    if name == _VECTOR:
        return _vector_times(values, count)
    if not len(values):
        return "is absent" if dataset.get(name) is None else "is empty"
    if len(values) > 1 or not np.isfinite(values[0]) or values[0] <= 0:
        return f"is {', '.join(f'{value:g}' for value in values[:4])}, expected one number above 0"
    numbers = np.arange(count, dtype=np.float64)
    return np.asarray(numbers / values[0] if name in _RATES else numbers * values[0] / _MS, np.float64)


def _vector_times(values: Floats, count: int) -> Floats | str:
    if not len(values):
        return "is empty or absent"
    if len(values) != count:
        return f"has {len(values)} numbers for {count} frames"
    if not np.isfinite(values).all():
        return "holds what is no number"
    # The first one is the time before the first frame, usually 0.
    if (values[1:] < 0).any():
        return f"holds the negative step {values[1:].min():g}"
    if not values[1:].any():
        return "is 0 for all frames"
    times = values - values[0] if _is_cumulative(values) else np.cumsum(values) - values[0]
    return np.asarray(times / _MS, np.float64)


def _is_cumulative(values: Floats) -> bool:
    """Whether steps grow evenly from 0, which frames of a constant rate do as times and never as steps."""
    if len(values) < 4 or values[0] != 0 or values[1] <= 0:
        return False
    return bool(np.allclose(values, values[1] * np.arange(len(values)), rtol=0.1, atol=1.0))


def _unusable(wrong: list[str], instead: str) -> Iterator[SweepWarning]:
    for what in wrong:
        yield SweepWarning(
            f"{what}, and is not used; the times come from {instead}",
            "the exporter filled the attribute with what it had",
            "check the duration before joining poses by time",
        )


def _contradictions(usable: list[tuple[str, Floats]]) -> Iterator[SweepWarning]:
    """Attributes that give quite another mean step than the one used; those of exposure and display may do so."""
    name, times = usable[0]
    for other, others in usable[1:]:
        ratio = float(others[-1] / times[-1])
        if other not in (_DURATION, _DISPLAY_RATE) and not 1 / _DIFFERENT <= ratio <= _DIFFERENT:
            yield SweepWarning(
                f"{name} says {_step_ms(times)} ms per frame, {other} says {_step_ms(others)} ms",
                "one of the two is of showing the images, not of taking them",
                f"{name} is used; check the duration before joining poses by time",
            )


def _step_ms(times: Floats) -> str:
    return f"{_MS * times[-1] / (len(times) - 1):.4g}"
