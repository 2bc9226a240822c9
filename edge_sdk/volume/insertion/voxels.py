"""Voxels in memory, and the kernels that fill them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Box
from edge_sdk.volume.insertion.compilation import superword_vectorised
from edge_sdk.volume.insertion.double_precision import insert_in_double
from edge_sdk.volume.insertion.frame import FrameFactory, InsertionFrame
from edge_sdk.volume.insertion.linear import insert_linear
from edge_sdk.volume.insertion.nearest import insert_nearest
from edge_sdk.volume.insertion.rules import InsertionRules
from edge_sdk.volume.insertion.true_mean import add_linear, add_nearest, read_mean
from edge_sdk.volume.settings import held_bytes

_DUMP = 64
"""Elements behind the voxels for each thread, that kernels write instead of voxels they do not own; far enough apart
that threads do not share a cache line."""


class Voxels(Protocol):
    """A block of voxels that frames are inserted into."""

    def place(self, base: NDArray[np.int64], grid_size: NDArray[np.int64]) -> None:
        """Let the next frames be inserted as into another grid: this block's first voxel (x, y, z), and its size."""

    def insert(self, frame: InsertionFrame, owned: NDArray[np.int64], thread: int, touched: NDArray[np.int64]) -> None:
        """Insert into the voxels from `owned[0]` to `owned[1]`, (x, y, z) of the whole grid.

        Args:
            frame: Image to insert, with its pose.
            owned: (2, 3) int64 first and last index; nothing else is written, so that several threads may insert at
                once.
            thread: Number of the calling thread among those that insert at once, 0 first.
            touched: (6,) int64 start and stop (z, y, x), grown around what was touched.
        """

    def read(self, box: Box) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """Copies of gray levels and weights (256 for a full hit); `box` counts from this block's first voxel."""


class _Block:
    """A part of a grid."""

    STRIDE = 1
    """Elements per voxel."""

    @classmethod
    def bytes_of(cls, pixel_type: np.dtype[Any]) -> int:
        """Memory per voxel."""
        raise NotImplementedError

    def __init__(
        self,
        rules: InsertionRules,
        shape: tuple[int, int, int],
        base: NDArray[np.int64],
        grid_size: NDArray[np.int64],
        threads: int,
    ) -> None:
        """
        Args:
            rules: How pixels become voxels.
            shape: (D, H, W) of this block.
            base: (x, y, z) of its first voxel in the whole grid.
            grid_size: (x, y, z) voxels of the whole grid.
            threads: Number of threads that will insert at once.
        """
        self._rules, self._shape, self._base, self._grid_size = rules, shape, base, grid_size
        self._size = np.array(shape[::-1], np.int64)
        self._count = self.STRIDE * math.prod(shape)
        self._elements = self._count + _DUMP * threads
        self._darkest = rules.threshold

    def place(self, base: NDArray[np.int64], grid_size: NDArray[np.int64]) -> None:
        """See `Voxels`."""
        self._base, self._grid_size = base, grid_size

    def _dump(self, thread: int) -> int:
        return self._count + _DUMP * thread


class GrayVoxels(_Block):
    """Gray levels and weights, updated at each pixel as PLUS does."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._gray = _memory(self._elements, self._rules.pixel_type)
        self._weights = _memory(self._elements, np.uint16)

    @classmethod
    def bytes_of(cls, pixel_type: np.dtype[Any]) -> int:
        return held_bytes(pixel_type, sums=False)

    def insert(self, frame: InsertionFrame, owned: NDArray[np.int64], thread: int, touched: NDArray[np.int64]) -> None:
        """See `Voxels`."""
        rules, plan = self._rules, frame.plan
        common = (self._gray, self._weights, frame.image, plan.importance, plan.segments)
        if rules.in_double:
            matrix = np.ascontiguousarray(frame.to_index[:3, [0, 1, 3]])
            insert_in_double(
                *common, matrix, rules.kernel_mode, self._darkest, self._size, owned, touched, rules.linear,
                rules.by_rows,
            )  # fmt: skip
            return
        where = (frame.fixed, rules.bits, rules.kernel_mode, self._darkest, self._base, self._size, owned, touched)
        if rules.linear:
            insert_linear(*common, *where, self._grid_size, self._rules.slack, self._dump(thread))
        else:
            insert_nearest(*common, *where)

    def read(self, box: Box) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """See `Voxels`."""
        gray = self._gray[: self._count].reshape(self._shape)[box.slices]
        return gray.copy(), self._weights[: self._count].reshape(self._shape)[box.slices].copy()


class SummedVoxels(_Block):
    """Sums of pixels and of weights in float32, for the true mean."""

    STRIDE = 2

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sums = _memory(self._elements, np.float32)

    @classmethod
    def bytes_of(cls, pixel_type: np.dtype[Any]) -> int:
        return held_bytes(pixel_type, sums=True)

    def insert(self, frame: InsertionFrame, owned: NDArray[np.int64], thread: int, touched: NDArray[np.int64]) -> None:
        """See `Voxels`."""
        plan, bits = frame.plan, self._rules.bits
        common = (self._sums, frame.image, plan.factors, plan.segments, frame.fixed, bits, self._darkest)
        where = (self._base, self._size, owned, touched)
        if self._rules.linear:
            add_linear(*common, *where, self._grid_size, self._rules.slack, self._dump(thread))
        else:
            add_nearest(*common, *where)

    def read(self, box: Box) -> tuple[NDArray[Any], NDArray[np.uint16]]:
        """See `Voxels`."""
        part = self._sums[: self._count].reshape(*self._shape, 2)[box.slices]
        gray, weights = np.empty(part.shape[:3], self._rules.pixel_type), np.empty(part.shape[:3], np.uint16)
        read_mean(part, gray, weights)
        return gray, weights


def _memory(elements: int, kind: Any) -> NDArray[Any]:
    """Zeros that the system has given already, not page by page when frames first reach them."""
    return np.full(elements, 0, kind)


def voxel_kind(rules: InsertionRules) -> type[GrayVoxels] | type[SummedVoxels]:
    """What holds the voxels under these rules."""
    return SummedVoxels if rules.summed else GrayVoxels


def compile_kernels(rules: InsertionRules) -> None:
    """Have numba compile, or load from its cache, so that the first frame is not late."""
    mask = None if rules.importance is None else np.ones((1, 1), np.uint8)
    tiny = replace(rules, clip=ClipRegion(), importance=mask)
    one = np.ones(3, np.int64)
    voxels = voxel_kind(tiny)(tiny, (1, 1, 1), one * 0, one, 1)
    with superword_vectorised():
        frame = FrameFactory(tiny, np.eye(4)).frame(np.zeros((1, 1), rules.pixel_type), np.eye(4))
        voxels.insert(frame, np.zeros((2, 3), np.int64), 0, np.zeros(6, np.int64))
        voxels.read(Box((0, 0, 0), (1, 1, 1)))
