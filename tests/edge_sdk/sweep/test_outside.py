"""Frames that a volume loses or cuts."""

from __future__ import annotations

import numpy as np

from edge_sdk.sweep.outside import cut_frames, lost_frames
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.grid import Grid


def poses(*offsets: float) -> np.ndarray:
    """Frames of 1 mm pixels, so far along x."""
    matrices = np.repeat(np.eye(4)[None], len(offsets), 0)
    matrices[:, 0, 3] = offsets
    return matrices


def test_lost_frames_are_counted() -> None:
    assert lost_frames(0, 5) == []
    (warning,) = lost_frames(2, 5)
    assert warning.what == "2 of 5 frames lie outside the volume and are lost"


def test_cut_frames_are_counted() -> None:
    grid = Grid((1, 10, 10), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    assert cut_frames(poses(0, 0), (10, 10), None, grid) == []
    (warning,) = cut_frames(poses(0, -5, 3, 100), (10, 10), None, grid)
    assert warning.what.startswith("3 of 4 frames reach beyond the volume")
    assert cut_frames(poses(3), (10, 10), ClipRegion((0, 0), (6, 9)), grid) == []
