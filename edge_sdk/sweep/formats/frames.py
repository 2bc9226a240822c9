"""Frames of a recording whose number is only known once it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError, GeometryError

Pixel = TypeVar("Pixel", bound=np.generic)
_LUMA = np.array([0.299, 0.587, 0.114])
_FIRST = 16
_USABLE_SHARE = 0.8
MOST_PIXELS = 1 << 26
"""Of a frame: 8192 × 8192, far above what any probe or screen gives. A damaged header asks for more."""


def check_frames(count: int, height: int, width: int, path: Path) -> None:
    """Refuse 8-bit frames that would not fit in memory, before anything is allocated.

    Raises:
        GeometryError: Too many or too large.
    """
    if height * width > MOST_PIXELS:
        raise GeometryError(
            f"frames of {width}×{height} pixels are larger than any ultrasound image",
            where=path,
            remedy="export it again",
        )
    import psutil

    free = int(psutil.virtual_memory().available * _USABLE_SHARE)
    if count * height * width > free:
        raise GeometryError(
            f"{count} frames of {width}×{height} need {count * height * width / 2**30:.1f} GiB of memory, "
            f"{free / 2**30:.1f} GiB may be used",
            where=path,
            remedy="cut the recording into shorter ones",
        )


class FrameStack:
    """8-bit gray frames of one size, gathered one by one without holding them twice."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: Named in errors.
        """
        self._path = path
        self._images: NDArray[np.uint8] = np.empty((0, 0, 0), np.uint8)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def last(self) -> NDArray[np.uint8]:
        """The frame added last, (H, W)."""
        frame: NDArray[np.uint8] = self._images[self._count - 1]
        return frame

    def append(self, frame: NDArray[Any]) -> None:
        """Add a frame (H, W).

        Raises:
            FileFormatError: Its size differs from the first one's.
            GeometryError: The frames no longer fit in memory.
        """
        if not self._count:
            self._grow(_FIRST, *frame.shape)
        if frame.shape != self._images.shape[1:]:
            height, width = self._images.shape[1:]
            raise FileFormatError(
                f"frame {self._count} has {frame.shape[1]}×{frame.shape[0]} pixels, the first one {width}×{height}",
                where=self._path,
                remedy="export it with frames of one size",
            )
        if self._count == len(self._images):
            self._grow(self._count + self._count // 2, *frame.shape)
        self._images[self._count] = frame
        self._count += 1

    def images(self) -> NDArray[np.uint8]:
        """All frames, (N, H, W); nothing may be added afterwards."""
        self._images.resize((self._count, *self._images.shape[1:]), refcheck=False)
        return self._images

    def _grow(self, count: int, height: int, width: int) -> None:
        check_frames(count, height, width, self._path)
        self._images.resize((count, height, width), refcheck=False)


def gray(frame: NDArray[Pixel], *, order: str = "RGB") -> NDArray[Pixel]:
    """Luma (ITU-R BT.601) of a color frame (H, W, 3) in "RGB" or "BGR"; a gray frame (H, W) as it is.

    A fourth channel, alpha, is not used. The luma has the type of the frame.
    """
    if frame.ndim == 2:
        return frame
    import cv2

    kind, colors = frame.dtype, np.ascontiguousarray(frame[..., :3])
    if kind not in (np.uint8, np.uint16, np.float32):  # the types that OpenCV converts
        colors = colors.astype(np.float64) @ (_LUMA if order == "RGB" else _LUMA[::-1])
        luma: NDArray[Pixel] = (colors if kind.kind == "f" else np.rint(colors)).astype(kind)
        return luma
    result: NDArray[Pixel] = cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY if order == "RGB" else cv2.COLOR_BGR2GRAY)
    return result
