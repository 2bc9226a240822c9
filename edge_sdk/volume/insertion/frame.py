"""One image and its pose as the kernels take it; what depends on the image's size only is computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.volume.insertion.rows import fixed_point
from edge_sdk.volume.insertion.rules import InsertionRules

FURTHEST = 2.0**19
"""Voxels; beyond it fixed point would overflow, and no frame belongs there."""
_NOWHERE = np.zeros((3, 3), np.int64)
_SAMPLES = 12
"""Rows, and columns a row, of which the split between threads is estimated."""


@dataclass(frozen=True)
class PixelPlan:
    """Which pixels of images of one size are inserted.

    Attributes:
        segments: (H, 4), see `ClipRegion.segments`.
        importance: (H, W) uint8; zeros where the rules do not need it.
        factors: (H, W) float32 weights; empty where the rules do not need them.
        samples: (N, 2) pixels (x, y) spread evenly over what is inserted.
        pixels: Number of pixels that are inserted.
        corners: (4, 2) corners (x, y) of the smallest rectangle around it; (0, 2) where nothing is.
    """

    segments: NDArray[np.int64]
    importance: NDArray[np.uint8]
    factors: NDArray[np.float32]
    samples: NDArray[np.float64]
    pixels: int
    corners: NDArray[np.float64]


@dataclass(frozen=True)
class InsertionFrame:
    """An image to insert.

    Attributes:
        image: Gray levels, (H, W) of the rules' type, read-only.
        plan: Pixels to insert of images of this size.
        to_index: 4×4, pixel (x, y, 0, 1) to voxel (x, y, z, 1).
        fixed: `to_index` as a (3, 3) fixed-point matrix; nothing where the frame is not `near`.
        near: Whether it lies where fixed point reaches; a frame that does not is not inserted.
    """

    image: NDArray[Any]
    plan: PixelPlan
    to_index: NDArray[np.float64]
    fixed: NDArray[np.int64]
    near: bool

    def corners(self) -> NDArray[np.float64]:
        """The four corner pixels as voxel positions, (4, 3)."""
        height, width = self.image.shape
        pixels = np.array([[0, 0], [width - 1.0, 0], [0, height - 1.0], [width - 1.0, height - 1.0]])
        return self.positions(pixels)

    def positions(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Voxel positions (N, 3) of pixels (N, 2)."""
        positions: NDArray[np.float64] = pixels @ self.to_index[:3, :2].T + self.to_index[:3, 3]
        return positions


class FrameFactory:
    """Makes frames; keeps a plan per image size."""

    def __init__(self, rules: InsertionRules, world_to_index: NDArray[np.float64]) -> None:
        self._rules, self._world_to_index = rules, world_to_index
        self._plans: dict[tuple[int, int], PixelPlan] = {}

    def frame(self, image: NDArray[Any], image_to_world: NDArray[np.float64]) -> InsertionFrame:
        """Check and prepare.

        Raises:
            GeometryError: The image is not (H, W) of the rules' pixel type, or not of the importance mask's size.
            PoseError: The matrix is not finite.
        """
        if image.ndim != 2 or image.dtype != self._rules.pixel_type:
            raise GeometryError(
                f"frames must be gray images (H, W) of {self._rules.pixel_type}, not {image.dtype} {image.shape}",
                remedy="give frames of one size and type",
            )
        to_index = self._world_to_index @ image_to_world
        if not np.isfinite(to_index).all():
            raise PoseError("the pose holds a value that is not finite", remedy="leave the frame out")
        height, width = image.shape
        if (height, width) not in self._plans:
            self._plans[height, width] = _plan(self._rules, (height, width))
        to_index[:3, 2] = 0  # no pixel has a third coordinate, so what stands here must not matter
        to_index[:3, 0] *= width > 1
        to_index[:3, 1] *= height > 1
        frame = InsertionFrame(_read_only(image), self._plans[height, width], to_index, _NOWHERE.copy(), False)
        if image.size == 0 or (abs(frame.corners()) > FURTHEST).any():
            return frame
        return replace(frame, fixed=fixed_point(to_index, self._rules.bits), near=True)


def _plan(rules: InsertionRules, shape: tuple[int, int]) -> PixelPlan:
    importance = np.zeros(shape, np.uint8) if rules.importance is None else rules.importance
    if importance.shape != shape:
        raise GeometryError(
            f"the importance mask has {importance.shape[1]}×{importance.shape[0]} pixels, frames have "
            f"{shape[1]}×{shape[0]}",
            remedy="give a mask of the frames' size",
        )
    factors = np.zeros((0, 0), np.float32)
    if rules.summed:
        by_mask = rules.mode == "importance"
        factors = importance.astype(np.float32) / np.float32(255) if by_mask else np.ones(shape, np.float32)
    segments = rules.clip.segments(shape, by_rows=rules.by_rows)
    return PixelPlan(
        segments,
        _read_only(importance),
        _read_only(factors),
        _samples(segments),
        int(_lengths(segments).sum()),
        _corners(segments),
    )


def _lengths(segments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pixels of each row that are inserted."""
    lengths: NDArray[np.int64] = np.maximum(segments[:, 1::2] - segments[:, ::2], 0).sum(1)
    return lengths


def _corners(segments: NDArray[np.int64]) -> NDArray[np.float64]:
    starts, stops = segments[:, ::2], segments[:, 1::2]
    used = starts < stops
    rows = np.flatnonzero(used.any(1))
    if not len(rows):
        return np.zeros((0, 2))
    left, right = int(starts[used].min()), int(stops[used].max()) - 1
    return np.array([[x, y] for y in (rows[0], rows[-1]) for x in (left, right)], np.float64)


def _samples(segments: NDArray[np.int64]) -> NDArray[np.float64]:
    lengths = _lengths(segments)
    total = int(lengths.sum())
    wanted = np.linspace(0, max(total - 1, 0), min(total, _SAMPLES**2)).astype(np.int64)
    rows = np.searchsorted(np.cumsum(lengths), wanted, side="right")
    offset = wanted - (np.cumsum(lengths) - lengths)[rows]
    first = np.maximum(segments[rows, 1] - segments[rows, 0], 0)
    columns = np.where(offset < first, segments[rows, 0] + offset, segments[rows, 2] + offset - first)
    return np.stack([columns, rows], 1).astype(np.float64)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that may not be written: numba compiles once for it, whether or not the caller's array may be."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
