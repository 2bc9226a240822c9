"""Labels on planes that lie anywhere in the volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.volume.grid import Grid


def labels_on_plane(
    labels: NDArray[np.uint8], grid: Grid, plane_to_world: NDArray[np.float64], shape: tuple[int, int], step: int = 1
) -> NDArray[np.uint8]:
    """The label of the voxel nearest to every `step`-th pixel of a plane; 0 outside the volume.

    Args:
        labels: Labels of the voxels, (D, H, W).
        grid: Grid of the voxels.
        plane_to_world: 4×4, pixel (x, y, 0, 1) to mm.
        shape: (H, W) of the plane's pixels.
        step: Take pixels 0, step, 2 · step, …

    Returns:
        Labels, (⌈H/step⌉, ⌈W/step⌉).
    """
    to_index = np.linalg.inv(grid.index_to_world) @ plane_to_world
    x, y = np.arange(0, shape[1], step), np.arange(0, shape[0], step)[:, None]
    inside = np.ones((y.size, x.size), bool)
    place = np.zeros((y.size, x.size), np.intp)
    for row, count in zip(to_index[2::-1], labels.shape, strict=True):  # z, y, x
        index = np.floor(row[0] * x + row[1] * y + row[3] + 0.5).astype(np.intp)
        inside &= (index >= 0) & (index < count)
        place = place * count + index
    result: NDArray[np.uint8] = np.where(inside, labels.reshape(-1)[np.where(inside, place, 0)], 0).astype(np.uint8)
    return result
