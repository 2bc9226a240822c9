"""Results as levels of the pixels' type."""

# ruff: noqa: ARG001, ARG005 (numba binds the arguments of an implementation by their names)

from __future__ import annotations

from typing import Any

import numpy as np

from edge_sdk.volume.arithmetic.implementations import chosen, floating
from edge_sdk.volume.insertion.compilation import kernel

_SIGN_BIAS = 1 << 15
_MAGIC = 1.5 * 2.0**36
"""Added to a double, it leaves 16 fractional bits."""


@kernel
def sixteenth_floor(x):  # type: ignore[no-untyped-def]
    """The integer below a double that is rounded to 2⁻¹⁶ first, as PLUS's Floor does."""
    return np.int64(x + _MAGIC) - np.int64(_MAGIC)


@kernel
def toward_zero(numerator, divisor):  # type: ignore[no-untyped-def]
    """Quotient of int64 by a positive int64 as C gives it; // would round a negative one down."""
    return -(-numerator // divisor) if numerator < 0 else numerator // divisor


def truncated(number: Any, pixel: Any) -> Any:
    """A float64 as a level of the type of `pixel`, as C converts it: toward zero."""
    raise NotImplementedError


@chosen(truncated)
def _truncated(number, pixel):  # type: ignore[no-untyped-def]
    convert = _converter(pixel)
    return lambda number, pixel: convert(number)


def rounded(number: Any, pixel: Any) -> Any:
    """A float64 as a level of the type of `pixel`, rounded as PLUS does, to 2⁻¹⁶ first; float32 is not rounded."""
    raise NotImplementedError


@chosen(rounded)
def _rounded(number, pixel):  # type: ignore[no-untyped-def]
    convert = _converter(pixel)
    if floating(pixel):
        return lambda number, pixel: convert(number)
    return lambda number, pixel: convert(sixteenth_floor(number + 0.5))


def mean_level(mean: Any, pixel: Any) -> Any:
    """A true mean, float32, as a level of the type of `pixel`: the nearest integer of the type; a float as it is."""
    raise NotImplementedError


@chosen(mean_level)
def _mean_level(mean, pixel):  # type: ignore[no-untyped-def]
    convert = _converter(pixel)
    if floating(pixel):
        return lambda mean, pixel: mean
    half, least, most = np.float32(0.5), np.float32(pixel.minval), np.float32(pixel.maxval)
    if not pixel.signed:
        return lambda mean, pixel: convert(min(mean + half, most))
    return lambda mean, pixel: convert(max(min(np.floor(mean + half), most), least))


def packed_level(pixel: Any) -> Any:
    """A pixel as an int64 above 0 whose sums can be packed beside a count; see `packed_bias`. Floats give 0."""
    raise NotImplementedError


@chosen(packed_level)
def _packed_level(pixel):  # type: ignore[no-untyped-def]
    if floating(pixel):
        return lambda pixel: np.int64(0)
    bias = np.int64(_SIGN_BIAS if pixel.signed else 0)
    return lambda pixel: np.int64(pixel) + bias


def packed_mean(total: Any, count: Any, pixel: Any) -> Any:
    """The mean of `count` packed levels, truncated as C does."""
    raise NotImplementedError


@chosen(packed_mean)
def _packed_mean(total, count, pixel):  # type: ignore[no-untyped-def]
    bias = np.int64(_SIGN_BIAS if getattr(pixel, "signed", False) else 0)
    return lambda total, count, pixel: toward_zero(total - bias * count, count)


def _converter(pixel: Any) -> Any:
    """The NumPy type of a numba type."""
    return getattr(np, str(pixel))
