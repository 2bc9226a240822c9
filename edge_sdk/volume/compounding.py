"""Tracked frames into a volume, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.volume import insertion
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.settings import Compounding, Interpolation

_INSERT = {"nearest": insertion.insert_nearest, "linear": insertion.insert_linear}
_MODES = {"mean": insertion.MEAN, "maximum": insertion.MAXIMUM, "latest": insertion.LATEST}
_EXACT_BITS = 30
_PLUS_BITS = 14
_FURTHEST = 2.0**30
"""Voxels; beyond it fixed point would overflow, and no frame belongs there."""


class Compounder:
    """Puts frames into a volume in the order they come; deterministic.

    The rules are PLUS's (PlusToolkit/IGSIO vtkIGSIOPasteSliceIntoVolume): "mean" is its running mean in 8 bits
    (rounded towards zero with nearest, to the nearest grey level with linear), "maximum" keeps the brightest
    and "latest" the newest pixel. The cost of a frame depends on its pixels, not on the volume.

    Attributes:
        grid: Where the voxels lie.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        interpolation: Interpolation = "linear",
        mode: Compounding = "mean",
        clip: ClipRegion | None = None,
        plus_fixed_point: bool = False,
    ) -> None:
        """
        Args:
            grid: The volume to fill; check with `extent.grid_for` or `extent.check_memory` that it fits in memory.
            interpolation: "nearest" or "linear".
            mode: What a voxel keeps of the pixels that reach it: "mean", "maximum" or "latest".
            clip: Pixels to insert; all if None.
            plus_fixed_point: Round positions as PLUS does with Optimization FULL, 14 fractional bits.

        Raises:
            GeometryError: An unknown interpolation or mode.
        """
        for given, known in ((interpolation, _INSERT), (mode, _MODES)):
            if given not in known:
                raise GeometryError(f"compounding does not know {given!r}", remedy=f"use one of {', '.join(known)}")
        self.grid = grid
        self._insert = _INSERT[interpolation]
        self._mode = _MODES[mode]
        self._bits = _PLUS_BITS if plus_fixed_point else _EXACT_BITS
        self._clip = clip or ClipRegion()
        self._segments: dict[tuple[int, int], NDArray[np.int64]] = {}
        self._world_to_index = np.linalg.inv(grid.index_to_world)
        self._voxels = np.zeros(grid.shape, np.uint8)
        self._weights = np.zeros(grid.shape, np.uint16)
        self._compile()

    def insert(self, image: NDArray[Any], image_to_world: NDArray[np.float64]) -> Box | None:
        """Add one frame.

        Args:
            image: (H, W) uint8 in MF orientation.
            image_to_world: 4×4, pixel (x, y, 0, 1) to mm.

        Returns:
            The smallest box that holds every voxel changed, or None where the frame misses the volume.

        Raises:
            GeometryError: The image is not (H, W) uint8.
            PoseError: The matrix is not finite.
        """
        if image.ndim != 2 or image.dtype != np.uint8:
            raise GeometryError(
                f"frames must be grey images (H, W) of uint8, not {image.dtype} {image.shape}",
                remedy="convert the recording to 8-bit B-mode",
            )
        matrix = self._world_to_index @ image_to_world
        if not np.isfinite(matrix).all():
            raise PoseError("the pose holds a value that is not finite", remedy="leave the frame out")
        if self._misses(matrix, image.shape):
            return None
        box = np.array([*self.grid.shape, 0, 0, 0], np.int64)
        self._insert(
            self._voxels,
            self._weights,
            _read_only(image),
            self._segments_of(image.shape),
            insertion.fixed_point(matrix, self._bits),
            self._bits,
            self._mode,
            box,
        )
        if (box[:3] >= box[3:]).any():
            return None
        z, y, x, z_stop, y_stop, x_stop = (int(value) for value in box)
        return Box((z, y, x), (z_stop, y_stop, x_stop))

    def voxels(self) -> NDArray[np.uint8]:
        """A copy of the volume so far, (D, H, W); 0 where nothing was inserted."""
        return self._voxels.copy()

    def voxels_in(self, box: Box) -> NDArray[np.uint8]:
        """A copy of the part in `box`."""
        return self._voxels[box.slices].copy()

    def hit(self) -> NDArray[np.bool_]:
        """Which voxels have received a pixel, (D, H, W)."""
        return self._weights > 0

    def _compile(self) -> None:
        """Have numba compile, or load from its cache, so that the first frame is not late."""
        nothing = np.zeros((1, 4), np.int64)
        matrix, box = np.zeros((3, 3), np.int64), np.zeros(6, np.int64)
        image = _read_only(np.zeros((1, 1), np.uint8))
        self._insert(self._voxels, self._weights, image, nothing, matrix, self._bits, self._mode, box)

    def _segments_of(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        height, width = shape
        if (height, width) not in self._segments:
            self._segments[height, width] = self._clip.segments((height, width))
        return self._segments[height, width]

    def _misses(self, matrix: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
        """Whether the whole frame lies on one side of the volume, or absurdly far away."""
        bottom, right = shape[0] - 1.0, shape[1] - 1.0
        corners = np.array([[0, 0, 0, 1], [right, 0, 0, 1], [0, bottom, 0, 1], [right, bottom, 0, 1]])
        points = (matrix @ corners.T)[:3]
        last = np.array(self.grid.shape[::-1])[:, None]
        return bool((points < -1).all(1).any() or (points > last).all(1).any() or (abs(points) > _FURTHEST).any())


def _read_only(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A view that may not be written: numba compiles once for it, whether or not the caller's array may be."""
    view = np.ascontiguousarray(image).view()
    view.flags.writeable = False
    return view
