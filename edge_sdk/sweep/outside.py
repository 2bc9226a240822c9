"""Frames that a volume of given extent loses, wholly or in part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid

OUTSIDE = "outside the volume"
"""Reason for which a frame is left out that reaches no voxel."""
_CAUSE = "the volume's extent was saved or given for another place than the one that was swept"
_REMEDY = "leave out --grid saved, or correct OutputOrigin and OutputExtent, --box or --around"
_SLACK = 1.0
"""Voxels beyond the first and last one that a frame may reach: rounding, and half a voxel on either side."""


def lost_frames(outside: int, total: int) -> list[SweepWarning]:
    """A warning where frames reached no voxel of the volume.

    Args:
        outside: Number of frames with a pose that reached none.
        total: Number of all frames with a pose.
    """
    if not outside:
        return []
    return [SweepWarning(f"{outside} of {total} frames lie outside the volume and are lost", _CAUSE, _REMEDY)]


def cut_frames(
    poses: NDArray[np.float64], image_shape: tuple[int, int], clip: ClipRegion | None, grid: Grid
) -> list[SweepWarning]:
    """A warning where frames reach beyond a volume of given extent.

    Args:
        poses: (N, 4, 4) pixel to mm, of the usable frames.
        image_shape: (H, W) of the frames.
        clip: Pixels that are inserted; None for all.
        grid: Grid of the volume.
    """
    corners = (clip or ClipRegion()).corners(image_shape)
    pixels = np.column_stack([corners, np.zeros(4), np.ones(4)])
    to_index = np.linalg.inv(grid.index_to_world) @ poses
    indices = np.einsum("nij,cj->nci", to_index[:, :3], pixels)
    last = np.array(grid.shape[::-1]) - 1
    cut = int(((indices < -_SLACK) | (indices > last + _SLACK)).any((1, 2)).sum())
    if not cut:
        return []
    what = f"{cut} of {len(poses)} frames reach beyond the volume, and what lies outside is left out"
    return [SweepWarning(what, _CAUSE, _REMEDY)]
