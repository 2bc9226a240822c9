"""Which levels of an image mean black and white, and images brought from there to other levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GrayRange = tuple[float, float]
"""Levels of black and white."""
_MUCH_SMALLER, _FEW_PIXELS, _FEW_SHARE, _ROUNDING = 4, 8, 2e-5, 1.01
"""A range so many times smaller is another one; a speckle image has a share of 1e-3 at its white."""
UINT8_RANGE: GrayRange = (0.0, 255.0)
_UNSIGNED_BITS = (8, 10, 12, 14, 16)
_SIGNED_BITS = {"i1": (7,), "i2": (8, 10, 12, 14, 15)}
"""Bits of the levels from 0 up, of images in signed types without negative levels."""
_FLOAT_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)


def natural_range(low: float, high: float, kind: np.dtype[Any]) -> GrayRange:
    """The smallest usual range that holds all levels of an image: from 0 to a full scale.

    Full scales are those of 8, 10, 12, 14 and 16 bits, and 1.0 for floats. Where levels are negative, the range of
    integers is that of two's complement (-2048 to 2047), and the range of floats is symmetric. An image of 8 bits has 0
    to 255 whatever it holds, so that a dark one stays dark.

    Args:
        low, high: Least and greatest level.
        kind: Type of the pixels.
    """
    if kind.str[1:] in ("u1", "b1"):
        return UINT8_RANGE
    if kind.kind == "f":
        most = max(high, -low)
        white = next((white for white in _FLOAT_WHITES if most <= white), most)
        return (-white if low < 0 else 0.0), white
    if low < 0:
        bits = next(bits for bits in (*_UNSIGNED_BITS, *range(17, 65)) if -low <= 2 ** (bits - 1) > high)
        return -float(2 ** (bits - 1)), float(2 ** (bits - 1) - 1)
    bits = next(
        bits for bits in (*_SIGNED_BITS.get(kind.str[1:], _UNSIGNED_BITS), *range(17, 65)) if high <= 2**bits - 1
    )
    return 0.0, float(2**bits - 1)


def range_of(pixels: NDArray[Any]) -> GrayRange:
    """The natural range of an image of any shape; pixels that are not finite do not count."""
    if pixels.dtype == np.uint8:
        return UINT8_RANGE
    known = np.isfinite(pixels)
    low, high = (float(found(pixels, where=known, initial=0)) for found in (np.min, np.max))
    return natural_range(low, high, pixels.dtype)


def few_at_white(pixels: NDArray[Any], gray_range: GrayRange) -> tuple[int, float] | None:
    """Whether a few pixels alone make the range as large as it is, such as defect ones.

    Args:
        pixels: An image of any shape.
        gray_range: What `range_of` says of it.

    Returns:
        Number of those pixels and the greatest level of all others; None where the range is that of many pixels, or
        would not become four times smaller without them.
    """
    black, white = gray_range
    if pixels.dtype == np.uint8 or black < 0:
        return None
    beyond = pixels > white / _MUCH_SMALLER
    count = int(np.count_nonzero(beyond))
    if not 0 < count <= max(_FEW_PIXELS, _FEW_SHARE * pixels.size):
        return None
    most = float(np.max(pixels, where=~beyond & np.isfinite(pixels), initial=0))
    smaller = natural_range(0.0, most, pixels.dtype)[1]
    return (count, most) if most > 0 and smaller * _MUCH_SMALLER <= white * _ROUNDING else None


def few_text(what: str, few: tuple[int, float], gray_range: GrayRange) -> str:
    """What to say of a finding of `few_at_white`.

    Args:
        what: "pixels" or "voxels".
        few: The finding.
        gray_range: Levels of black and white.
    """
    count, others = few
    return (
        f"{count} {what} alone make {gray_range[1]:g} white; all others are at most {others:g}, and look dark beside it"
    )


def brought_to(pixels: NDArray[Any], gray_range: GrayRange, full_scale: float) -> NDArray[np.float32]:
    """Levels brought from `gray_range` to 0 to `full_scale`, those beyond clipped; NaN becomes 0.

    The result is exact where it is a whole number of an image that is a multiple or a fraction of an 8-bit one.
    """
    black, white = gray_range
    levels = (pixels.astype(np.float64) - black) * full_scale / (white - black)
    brought: NDArray[np.float32] = np.nan_to_num(np.clip(levels, 0.0, full_scale)).astype(np.float32)
    return brought


def windowed(pixels: NDArray[Any], gray_range: GrayRange | None = None) -> NDArray[np.uint8]:
    """Levels as a screen shows them, uint8; pixels of uint8 without a range as they are.

    Args:
        pixels: Gray levels, of any shape.
        gray_range: Levels of black and white; None takes `range_of` the pixels.
    """
    if pixels.dtype == np.uint8 and gray_range is None:
        return pixels
    shown: NDArray[np.uint8] = np.rint(brought_to(pixels, gray_range or range_of(pixels), 255.0)).astype(np.uint8)
    return shown


def range_text(gray_range: GrayRange) -> str:
    """The two levels with a blank between them, as files state them."""
    return " ".join(f"{level:.17g}" for level in gray_range)


def range_from_text(text: str) -> GrayRange | None:
    """What `range_text` gave; None for anything else."""
    try:
        black, white = (float(part) for part in text.split())
    except ValueError:
        return None
    return (black, white) if np.isfinite([black, white]).all() and black < white else None
