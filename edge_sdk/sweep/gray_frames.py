"""Frames that can be compounded: gray, of a type that volumes have, with the levels of black and white known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.gray_range import range_of
from edge_sdk.sweep.formats.frames import gray
from edge_sdk.sweep.sweep import Sweep
from edge_sdk.volume.pixel_types import PIXEL_TYPES

GRAY_FROM, RANGE_FROM, TYPE_FROM = "GreyFrom", "GrayRangeFrom", "PixelTypeFrom"
"""Fields of a sweep's header that say how its gray levels came about."""
IMAGE_TYPE = "UltrasoundImageType"
DECIDED = "the smallest full scale that holds all of its pixels"
_COLORS = {3: "RGB", 4: "RGBA"}
_EXACT = 1 << 24
"""Integers up to here are exact in float32."""


def gray_frames(sweep: Sweep) -> Sweep:
    """The sweep with frames that can be compounded; itself where its frames are uint8 gray already.

    Colors become luma (ITU-R BT.601). float64 becomes float32, and so do integers of 32 and 64 bits that are exact
    there. Where the recording does not say which levels mean black and white, `edge_sdk.gray_range.range_of` decides.
    The header says what was done.

    Raises:
        GeometryError: The frames are RF data, have another number of channels, or levels that float32 cannot hold.
    """
    if not sweep.images.size:
        return sweep
    kind = sweep.header.get(IMAGE_TYPE, "")
    if kind.upper().startswith("RF_"):
        raise GeometryError(
            f"its frames are RF data ({IMAGE_TYPE} {kind}): echoes before envelope detection and log compression, "
            "which have no gray levels",
            where=sweep.source,
            remedy="record or export B-mode (BRIGHTNESS)",
        )
    header = dict(sweep.header)
    images = _luma(sweep, header)
    images = _typed(sweep, images, header)
    gray_range = sweep.gray_range
    if images.dtype != np.uint8 and gray_range is None:
        gray_range = range_of(images)
        header[RANGE_FROM] = DECIDED
    if images is sweep.images and gray_range == sweep.gray_range:
        return sweep
    return replace(sweep, images=images, header=header, gray_range=gray_range)


def levels_summary(sweep: Sweep) -> dict[str, str]:
    """What `gray_frames` made of a sweep's levels, for outputs."""
    summary = {"pixel_type": str(sweep.images.dtype)}
    if sweep.gray_range is not None:
        black, white = sweep.gray_range
        how = sweep.header.get(RANGE_FROM, "as the recording says")
        summary["gray_range"] = f"{black:g} to {white:g} ({how})"
    kept = {"pixel_type_from": TYPE_FROM, "gray_from": GRAY_FROM}
    return summary | {name: sweep.header[field] for name, field in kept.items() if field in sweep.header}


def _luma(sweep: Sweep, header: dict[str, str]) -> NDArray[Any]:
    images = sweep.images
    if images.ndim == 3:
        return images
    channels = images.shape[3]
    if channels == 1:
        return images[..., 0]
    if channels not in _COLORS:
        raise GeometryError(
            f"its frames have {channels} channels, expected gray, RGB or RGBA",
            where=sweep.source,
            remedy="export it as B-mode",
        )
    header[GRAY_FROM] = f"{_COLORS[channels]}: luma (BT.601)" + ("; alpha is not used" if channels == 4 else "")
    header[IMAGE_TYPE] = "BRIGHTNESS"
    return np.stack([gray(frame) for frame in images])


def _typed(sweep: Sweep, images: NDArray[Any], header: dict[str, str]) -> NDArray[Any]:
    kind = images.dtype.newbyteorder("=")
    if kind not in PIXEL_TYPES:
        exact = kind.kind in "iu" and max(-int(images.min()), int(images.max())) <= _EXACT
        if not (kind == np.float64 or exact):
            raise GeometryError(
                f"its frames are {kind}, and compounding takes {', '.join(map(str, PIXEL_TYPES))}",
                where=sweep.source,
                remedy="convert its pixels, such as to uint16",
            )
        header[TYPE_FROM] = f"{kind}, " + ("each level exact" if exact else "rounded to float32")
        kind = np.dtype(np.float32)
    return images.astype(kind, copy=False)
