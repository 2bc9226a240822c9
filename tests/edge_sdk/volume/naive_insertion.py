"""Frames into a volume as PLUS's rules read, one pixel and one voxel at a time, in plain Python.

Written from PlusToolkit/IGSIO vtkIGSIOPasteSliceIntoVolume for Optimization FULL (`fixed`, 14 fractional bits) and NONE
(double), but for its 32-bit products, which overflow with levels of 16 bits. What there is a float is one here.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

ONE, HALF = 1 << 14, 1 << 13
FULL_HIT, THRESHOLD, MOST = 256, 65279, 65535


class NaiveVolume:
    """Voxels and accumulated weights.

    Attributes:
        voxels: Levels (D, H, W) of the frames' type.
        weights: Accumulated weights (D, H, W), 256 for a full hit.
    """

    def __init__(self, shape: tuple[int, int, int], kind: Any, interpolation: str, mode: str, *, fixed: bool) -> None:
        self.voxels, self.weights = np.zeros(shape, kind), np.zeros(shape, np.int64)
        self._linear, self._mode, self._fixed = interpolation == "linear", mode, fixed

    def insert(self, image: Any, to_index: Any) -> None:
        """Add a frame (H, W); `to_index` is 4×4, pixel (x, y, 0, 1) to voxel (x, y, z, 1)."""
        matrix = np.rint(to_index * ONE).astype(int) if self._fixed else to_index
        for y, x in np.ndindex(*image.shape):
            if image.dtype.kind == "f" and not np.isfinite(image[y, x]):
                continue
            place = [matrix[axis, 0] * x + matrix[axis, 1] * y + matrix[axis, 3] for axis in range(3)]
            if self._linear:
                self._share(image[y, x], place)
            else:
                where = [(int(p) + HALF) >> 14 if self._fixed else math.floor(p + 0.5) for p in place][::-1]
                if all(0 <= index < size for index, size in zip(where, self.voxels.shape, strict=True)):
                    self._hit(image[y, x], tuple(where))

    def _hit(self, pixel: Any, at: tuple[int, ...]) -> None:
        old, weight = self.voxels[at], int(self.weights[at])
        if self._mode == "mean":
            if weight > THRESHOLD:
                self.voxels[at] = self._cast(float(pixel) / 256 + float(old) * (255 / 256))
                return
            if self.voxels.dtype == np.float32:
                total = np.float32(pixel * np.float32(FULL_HIT)) + np.float32(old * np.float32(weight))
                self.voxels[at] = np.float32(total) / np.float32(weight + FULL_HIT)
            else:
                self.voxels[at] = math.trunc(Fraction(int(pixel) * FULL_HIT + int(old) * weight, weight + FULL_HIT))
            self.weights[at] = min(weight + FULL_HIT, MOST)
            return
        if self._mode == "latest" or pixel > old:
            self.voxels[at] = pixel
        self.weights[at] = FULL_HIT if self._fixed else min(weight + FULL_HIT, MOST)

    def _share(self, pixel: Any, place: list[Any]) -> None:
        first = [int(p) >> 14 if self._fixed else math.floor(p) for p in place]
        parts = [int(p) & (ONE - 1) if self._fixed else p - floor for p, floor in zip(place, first, strict=True)]
        sizes = self.voxels.shape[::-1]
        if any(low < 0 or low + (part != 0) >= size for low, part, size in zip(first, parts, sizes, strict=True)):
            return
        one = ONE if self._fixed else 1.0
        for corner in product((0, 1), repeat=3):
            x, y, z = (part if side else one - part for side, part in zip(corner, parts, strict=True))
            share = self._times(x, self._times(y, z))
            if share:
                self._add(pixel, tuple(low + side for low, side in zip(first, corner, strict=True))[::-1], share)

    def _times(self, a: Any, b: Any) -> Any:
        return (a * b + HALF) >> 14 if self._fixed else a * b

    def _add(self, pixel: Any, at: tuple[int, ...], share: Any) -> None:
        old, weight = self.voxels[at], int(self.weights[at])
        if self._mode != "mean":
            if share >= (ONE >> 3 if self._fixed else 0.125) and (self._mode == "latest" or pixel > old):
                self.voxels[at] = pixel
                self.weights[at] = (share + 32) >> 6 if self._fixed else math.floor(share * FULL_HIT + 0.5)
            return
        before = weight * 64 if self._fixed else weight / FULL_HIT
        total = share + before
        if not self._fixed:
            mean = (share * float(pixel) + before * float(old)) / total
            self.voxels[at] = self._cast(mean if self.voxels.dtype == np.float32 else math.floor(mean + 0.5))
            self.weights[at] = min(math.floor(total * FULL_HIT + 0.5), MOST)
            return
        if self.voxels.dtype == np.float32:
            shares = [np.float32(number / ONE) for number in (share, before, total)]
            self.voxels[at] = np.float32(np.float32(shares[0] * pixel) + np.float32(shares[1] * old)) / shares[2]
        else:
            in_fixed = round(Fraction(share * int(pixel) + before * int(old), total) * ONE)  # ties to even
            self.voxels[at] = (in_fixed + HALF) >> 14
        self.weights[at] = min((total * FULL_HIT + HALF) >> 14, MOST)

    def _cast(self, number: float) -> Any:
        return np.float32(number) if self.voxels.dtype == np.float32 else math.trunc(number)
