"""Whether the colors of a DICOM object are what its label says, RGB or YBR (luma and two color differences)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning

Colors = Literal["RGB", "YBR"]

_NEAR = 3
"""Levels that lossy compression moves a channel by, where it is constant or equal to another one."""
_MOST = 0.75
"""Share of gray pixels in ultrasound images, which may hold a Doppler box and colored letters."""
_VARIED = 0.02
"""Share of these pixels that must differ from the usual brightness; else a uniform color would be taken for a sign."""
_RGB_NAMES = (b"RGB", b"rgb")


@dataclass(frozen=True)
class ColorReading:
    """How to read decoded frames of three channels.

    Attributes:
        colors: What the three channels are as the decoder gives them.
        remark: How the object contradicts itself; None where it does not.
    """

    colors: Colors
    remark: SweepWarning | None = None


def color_reading(label: str, frames: Sequence[NDArray[np.uint8]], jpeg: bytes | None) -> ColorReading | None:
    """How to read frames whose label or markers are wrong; None where the decoder may follow them.

    Gray pixels tell the truth where markers do not: in YBR two channels are near 128, in RGB all three are equal.
    Otherwise the markers of a JPEG are believed.

    Args:
        label: PhotometricInterpretation.
        frames: Some frames (H, W, 3) as the decoder gives them, before any conversion of colors.
        jpeg: First frame as a JPEG that Pillow decodes; None for other encodings. Pillow converts the colors of a
            JPEG with an Adobe marker to RGB, whatever is asked for.
    """
    labeled: Colors = "RGB" if label == "RGB" else "YBR"
    marked = None if jpeg is None else _marked(jpeg)
    seen = _seen(frames)
    held = seen or (marked.held if marked else labeled)
    stored = marked.stored if marked and marked.converted and seen != "YBR" else held
    if held == stored == labeled and (marked is None or marked.held == labeled):
        return None
    return ColorReading(held, _remark(label, seen, marked) if stored != labeled else None)


@dataclass(frozen=True)
class _Marked:
    """Markers of a JPEG.

    Attributes:
        marker: The one that tells.
        stored: Colors of the compressed image.
        converted: Whether the decoder converts them to RGB.
    """

    marker: str
    stored: Colors
    converted: bool = False

    @property
    def held(self) -> Colors:
        """Colors of the decoded image."""
        return "RGB" if self.converted else self.stored


def _remark(label: str, seen: Colors | None, marked: _Marked | None) -> SweepWarning:
    other = "YBR" if label == "RGB" else "RGB"
    reason = f"the {marked.marker} of its JPEG" if marked else "two channels near 128"
    if not marked and seen == "RGB":
        reason = "three equal channels"
    return SweepWarning(
        f"its PhotometricInterpretation is {label}, but its pixels are {other}, as {reason} show",
        "the exporter did not update the label when it compressed or converted the images",
        f"the pixels were read as {other}; correct the label, and compare the images with the scanner's screen",
    )


def _seen(frames: Sequence[NDArray[np.uint8]]) -> Colors | None:
    """The colors that gray pixels show; None where too few are gray, or all have one brightness."""
    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames]).astype(np.int16)
    centered = np.asarray((abs(pixels[:, 1:] - 128) <= _NEAR).all(1))
    equal = np.asarray(pixels.max(1) - pixels.min(1) <= _NEAR)
    if _mostly(centered, pixels[:, 0]):
        return "YBR"
    return "RGB" if _mostly(equal, pixels[:, 0]) else None


def _mostly(gray: NDArray[np.bool_], brightness: NDArray[np.int16]) -> bool:
    if gray.mean() < _MOST:
        return False
    levels = brightness[gray]
    usual = int(np.bincount(levels).argmax())
    return bool((abs(levels - usual) > 2 * _NEAR).mean() >= _VARIED)


def _marked(jpeg: bytes) -> _Marked | None:
    """What the markers of a JPEG say; None where they say nothing. Adobe's wins over JFIF's, as in libjpeg."""
    names, jfif, adobe = b"", False, None
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != 0xDA:
        kind, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        content = jpeg[at + 4 : at + 2 + length]
        if kind == 0xE0 and content.startswith(b"JFIF"):
            jfif = True
        elif kind == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
            adobe = content[11]
        elif 0xC0 <= kind <= 0xC3 and len(content) >= 15:
            names = content[6:15:3]
        at += 2 + length
    if adobe is not None:
        return _Marked("Adobe marker", "YBR" if adobe == 1 else "RGB", converted=True)
    if names in _RGB_NAMES:
        return _Marked("component names", "RGB")
    return _Marked("JFIF marker", "YBR") if jfif else None
