"""Which pixels of a frame go into the volume: a rectangle, and for curved probes a fan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError


@dataclass(frozen=True)
class Fan:
    """The sector of a curved probe, in MF pixels.

    Attributes:
        angles: Left and right limit in degrees from the image's y axis.
        origin: Apex (x, y), which may lie outside the image.
        radius: First and last distance from the apex, in pixels.
    """

    angles: tuple[float, float]
    origin: tuple[float, float]
    radius: tuple[float, float]


@dataclass(frozen=True)
class ClipRegion:
    """Rectangle and optional fan, in MF pixels.

    Attributes:
        origin: First pixel (x, y).
        size: Width and height; as in PLUS the pixel at origin + size still counts. None: the whole image.
        fan: Sector to keep.
    """

    origin: tuple[float, float] = (0, 0)
    size: tuple[float, float] | None = None
    fan: Fan | None = None

    def bounds(self, image_shape: tuple[int, int]) -> tuple[float, float, float, float]:
        """First and last x, first and last y (inclusive) of the rectangle inside an image (H, W).

        Raises:
            GeometryError: The rectangle lies outside the image.
        """
        height, width = image_shape
        if self.size is None:
            return 0, width - 1, 0, height - 1
        left, top = max(0.0, self.origin[0]), max(0.0, self.origin[1])
        right = min(width - 1.0, self.origin[0] + self.size[0])
        bottom = min(height - 1.0, self.origin[1] + self.size[1])
        if left > right or top > bottom:
            raise GeometryError(
                f"the clip rectangle at {self.origin} of size {self.size} lies outside images of {width}×{height}",
                remedy="correct ClipRectangleOrigin and ClipRectangleSize (pixels, x y)",
            )
        return left, right, top, bottom

    def corners(self, image_shape: tuple[int, int]) -> NDArray[np.float64]:
        """The four corner pixels (x, y) of the rectangle inside an image (H, W), (4, 2).

        Raises:
            GeometryError: The rectangle lies outside the image.
        """
        left, right, top, bottom = self.bounds(image_shape)
        return np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float64)

    def upper_middle(self, image_shape: tuple[int, int]) -> tuple[float, float]:
        """The pixel (x, y) in the middle of the rectangle's upper edge, where a transducer's face is.

        Raises:
            GeometryError: The rectangle lies outside the image.
        """
        left, right, top, _ = self.bounds(image_shape)
        return (left + right) / 2, top

    def segments(self, image_shape: tuple[int, int], *, by_rows: bool = True) -> NDArray[np.int64]:
        """Pixels to insert, (H, 4): per row two half-open x ranges, start and stop, start and stop.

        Args:
            image_shape: (H, W).
            by_rows: Follow PLUS's row-wise insertion, which leaves one pixel of margin at the fan's edges; else its
                pixel-wise one (Optimization NONE), which takes every pixel whose center lies in the fan.
        """
        left, right, top, bottom = self.bounds(image_shape)
        first, last = math.ceil(left), math.floor(right)
        rows = np.zeros((image_shape[0], 4), np.int64)
        y = np.arange(math.ceil(top), math.floor(bottom) + 1)
        if self.fan is None:
            rows[y, :2] = first, last + 1
        elif by_rows:
            rows[y] = _fan_rows(self.fan, y, first, last)
        else:
            rows[y] = _fan_pixels(self.fan, y, first, last)
        return rows


def _fan_pixels(fan: Fan, y: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """The ranges (N, 4) of rows inside [first, last] whose pixels' centers lie in the fan."""
    across, depth = np.arange(first, last + 1) - fan.origin[0], y[:, None] - fan.origin[1]
    low, high = _slopes(fan)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = across / depth
    within = ~((slope < low) | (slope > high)) & (depth >= 0)
    distance = across**2 + depth**2
    within &= (distance >= fan.radius[0] ** 2) & (distance <= fan.radius[1] ** 2)
    rows, edges = np.nonzero(np.diff(within.astype(np.int8), axis=1, prepend=0, append=0))
    ranges = np.zeros((len(y), 4), np.int64)
    # A cone less a disc and within a larger one meets a row in two ranges, that is four edges, at most.
    ranges[rows, np.arange(len(rows)) - np.searchsorted(rows, rows)] = edges + first
    return ranges


def _fan_rows(fan: Fan, y: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """The ranges (N, 4) of rows inside [first, last] and the fan, less a pixel at its edges."""
    depth, apex = y - fan.origin[1], fan.origin[0]
    low, high = _slopes(fan)
    far, near = fan.radius[1] ** 2 - depth**2, fan.radius[0] ** 2 - depth**2
    reach, gap = np.sqrt(np.maximum(far, 0)), np.sqrt(np.maximum(near, 0))
    start = np.maximum(np.maximum(_ceil(low * depth + apex + 1), _ceil(apex - reach + 1)), first)
    stop = np.minimum(np.minimum(_floor(high * depth + apex - 1), _floor(apex + reach - 1)), last) + 1
    gap_start, gap_stop = _ceil(apex - gap + 1), _floor(apex + gap - 1) + 1
    whole = np.stack([start, np.maximum(start, stop), 0 * y, 0 * y], 1)
    first_stop = np.maximum(start, np.minimum(stop, gap_start))
    second_start = np.maximum(start, gap_stop)
    parted = np.stack([start, first_stop, second_start, np.maximum(second_start, stop)], 1)
    ranges = np.where((near > 0)[:, None], parted, whole)
    ranges[(depth < 0) | (far < 0)] = 0
    return ranges


def _slopes(fan: Fan) -> tuple[float, float]:
    left, right = sorted(math.tan(math.radians(angle)) for angle in fan.angles)
    return left, right


def _floor(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Floor after rounding to 1/65536 pixel, so that an edge such as tan(45°) does not hang on the last bit."""
    floors: NDArray[np.int64] = np.floor(np.rint(values * 65536) / 65536).astype(np.int64)
    return floors


def _ceil(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    return -_floor(-values)
