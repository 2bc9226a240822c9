"""Compounding as one would write it in numpy: whole frames at a time, `np.add.at` where pixels meet.

The true mean, the maximum and the latest; positions and weights in double precision.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid
from edge_sdk.volume.settings import ReconstructionSettings

_LEAST_SHARE = 0.125
"""Maximum and latest leave out voxels that a pixel touches with less of its weight, as PLUS does."""


class NumpyCompounder:
    """Takes frames one by one."""

    def __init__(self, grid: Grid, settings: ReconstructionSettings, image_shape: tuple[int, int]) -> None:
        self._shape, self._settings = grid.shape, settings
        self._world_to_index = np.linalg.inv(grid.index_to_world)
        rows, columns = np.nonzero(_mask(settings.clip, image_shape))
        self._pixels = rows, columns
        self._points = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)]).astype(np.float64)
        count = int(np.prod(grid.shape))
        mean = settings.compounding == "mean"
        self._values = np.zeros(count, np.float64 if mean else np.uint8)
        self._weights = np.zeros(count if mean else 0)

    def insert(self, image: NDArray[np.uint8], image_to_world: NDArray[np.float64]) -> None:
        """Add a frame (H, W)."""
        x, y, z = (self._world_to_index @ image_to_world @ self._points)[:3]
        values = image[self._pixels]
        if self._settings.interpolation == "nearest":
            nearest = (np.floor(axis + 0.5).astype(np.int64) for axis in (x, y, z))
            self._add(*nearest, values, np.ones(len(values)))
            return
        low = [np.floor(axis).astype(np.int64) for axis in (x, y, z)]
        parts = [axis - start for axis, start in zip((x, y, z), low, strict=True)]
        # The corners of a pixel one after the other, so that the latest pixel comes last.
        share, corners = np.ones((len(values), 8)), np.array(list(itertools.product((1, 0), repeat=3)))
        for part, step in zip(parts, corners.T, strict=True):
            share *= np.where(step, part[:, None], 1 - part[:, None])
        around = ((start[:, None] + step).ravel() for start, step in zip(low, corners.T, strict=True))
        self._add(*around, np.repeat(values, 8), share.ravel())

    def voxels(self) -> NDArray[np.uint8]:
        """The volume (D, H, W)."""
        values = self._values
        if self._settings.compounding == "mean":
            values = np.rint(values / np.maximum(self._weights, 1e-12))
        return values.reshape(self._shape).astype(np.uint8)

    def _add(self, x: Any, y: Any, z: Any, values: NDArray[np.uint8], share: NDArray[np.float64]) -> None:
        depth, height, width = self._shape
        keep = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (z >= 0) & (z < depth)
        mean = self._settings.compounding == "mean"
        keep &= share > 0 if mean else share >= _LEAST_SHARE
        where = ((z * height + y) * width + x)[keep]
        if mean:
            np.add.at(self._values, where, values[keep] * share[keep])
            np.add.at(self._weights, where, share[keep])
            return
        if self._settings.compounding == "maximum":
            np.maximum.at(self._values, where, values[keep])
        else:
            self._values[where] = values[keep]


def _mask(clip: ClipRegion | None, image_shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of the clip rectangle and the fan, (H, W)."""
    rows, columns = np.mgrid[: image_shape[0], : image_shape[1]]
    left, right, top, bottom = (clip or ClipRegion()).bounds(image_shape)
    inside = (columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom)
    if clip is None or clip.fan is None:
        return np.asarray(inside)
    x, y = columns - clip.fan.origin[0], rows - clip.fan.origin[1]
    angle, radius = np.degrees(np.arctan2(x, y)), np.hypot(x, y)
    inside &= (angle > min(clip.fan.angles)) & (angle < max(clip.fan.angles))
    return np.asarray(inside & (radius > clip.fan.radius[0]) & (radius < clip.fan.radius[1]))
