"""An image's voxels on the network's grid, any part of it at a time."""

from __future__ import annotations

from typing import Any, Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from edge_sdk.inference.network_grid import NetworkAxis, NetworkGrid
from edge_sdk.volume.grid import Box

Float = NDArray[np.float32]
Index = NDArray[np.int64]


class ReadableVoxels(Protocol):
    """Voxels (D, H, W) of which boxes can be read: an array, or one that is computed as it is read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, part: tuple[slice, slice, slice], /) -> NDArray[Any]: ...


class ResampledVoxels:
    """An image resampled linearly to the network's grid; only what is read is computed.

    Coarser grids average over what a voxel covers; beyond the image its border is repeated. What a voxel gets does not
    depend on the box that it is read in, to the last bit.

    Attributes:
        shape: (D, H, W) of the network's grid.
    """

    def __init__(self, voxels: ReadableVoxels, network: NetworkGrid) -> None:
        """
        Args:
            voxels: The image's, (D, H, W).
            network: Grids of the image and of the network.
        """
        self._voxels, self._axes, self.shape = voxels, network.axes, network.shape

    def __getitem__(self, part: tuple[slice, slice, slice], /) -> Float:
        """float32 voxels of a box of the network's grid, as far as the grid reaches."""
        spans = [(piece.start, min(piece.stop, size)) for piece, size in zip(part, self.shape, strict=True)]
        filters = [_tents(axis, *span) for axis, span in zip(self._axes, spans, strict=True)]
        needed = Box.between(*zip(*(_span(low, weights) for low, weights in filters), strict=True))
        values = np.ascontiguousarray(self._voxels[needed.slices], np.float32)
        for number, (low, weights) in enumerate(filters):
            if self._axes[number].step != 1.0:
                values = _along(values, number, low - needed.start[number], weights)
        return values


def _tents(axis: NetworkAxis, start: int, stop: int) -> tuple[Index, Float]:
    """First image voxel and weights (count, taps) of each of the network's voxels `start` to before `stop`.

    The filter is a tent, as wide as the coarser of the two grids.
    """
    centers = axis.centers(start, stop)
    taps = 1 if axis.step == 1.0 else min(2 * int(np.ceil(axis.reach)), axis.image_size)
    low = np.floor(centers - axis.reach).astype(np.int64) + 1
    low = np.clip(low, 0, axis.image_size - taps)
    if axis.step == 1.0:
        return low, np.ones((len(low), 1), np.float32)
    distance = np.abs(low[:, None] + np.arange(taps) - centers[:, None])
    weights = np.maximum(1.0 - distance / axis.reach, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return low, weights.astype(np.float32)


def _span(low: Index, weights: Float) -> tuple[int, int]:
    """The image voxels that filters take together."""
    return int(low[0]), int(low[-1]) + weights.shape[1]


def _along(values: Float, axis: int, low: Index, weights: Float) -> Float:
    """`values` filtered along one axis."""
    shape = values.shape
    out = np.empty((*shape[:axis], len(low), *shape[axis + 1 :]), np.float32)
    before, after = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
    _filter(values.reshape(before, shape[axis], after), low, weights, out.reshape(before, len(low), after))
    return out


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _filter(values: Float, low: Index, weights: Float, out: Float) -> None:
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            row = out[i, j]
            row[:] = 0
            for tap in range(weights.shape[1]):
                weight = weights[j, tap]
                if weight != 0:
                    source = values[i, low[j] + tap]
                    for x in range(row.shape[0]):
                        row[x] += weight * source[x]
