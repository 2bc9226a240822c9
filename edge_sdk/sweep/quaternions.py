"""Rotations as unit quaternions x, y, z, w and as matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def from_rotations(rotations: Floats) -> Floats:
    """(K, 4) unit quaternions x, y, z, w of (K, 3, 3) rotations, by way of the largest component (Shepperd 1978)."""
    # Four times the outer product of the quaternion with itself: any row of it is the quaternion, scaled.
    r, diagonal = rotations, np.diagonal(rotations, axis1=1, axis2=2)
    outer = np.empty((len(r), 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[:, i, i] = 1 + diagonal[:, i] - diagonal[:, j] - diagonal[:, k]
        outer[:, i, j] = outer[:, j, i] = r[:, i, j] + r[:, j, i]
        outer[:, i, 3] = outer[:, 3, i] = r[:, k, j] - r[:, j, k]
    outer[:, 3, 3] = 1 + diagonal.sum(1)
    largest = np.argmax(np.diagonal(outer, axis1=1, axis2=2), axis=1)
    rows = outer[np.arange(len(r)), largest]
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def to_rotations(quaternions: Floats) -> Floats:
    """(K, 3, 3) rotations of (K, 4) unit quaternions x, y, z, w."""
    vector, w = quaternions[:, :3], quaternions[:, 3, None, None]
    cross = np.cross(np.eye(3), vector[:, None, :])
    outer = vector[:, :, None] * vector[:, None, :]
    return np.eye(3) * (2 * w * w - 1) + 2 * (outer + w * cross)
