"""Whether images move in their plane as poses say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sanity.matching import REACH, Matches

PAIRS = 16
_LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_DENSE = 256
"""Of more frames than this every n-th is compared: neighbors in a dense sweep differ by the tracker's noise, and what
the poses predict between them is that noise."""
_CROSSING_FRAMES = 64
"""So many frames are compared each with each, for places that a sweep comes back to."""
_LEAST_SHIFT, _LARGEST_SHIFT = 1.2, REACH - 1.0
"""Pixels of the reduced frames."""
_OUT_OF_PLANE = 1.0
"""Largest distance between the planes as a share of the shift within them: else the content changes with depth
of the cut, and slanted structures seem to move."""
_OUT_OF_PLANE_MM = 1.5


@dataclass(frozen=True)
class Shifts:
    """Shifts within the plane, predicted from poses and measured in images; one entry per block and axis.

    Attributes:
        predicted, measured: (K,) pixels of the reduced frames.
        axis: (K,) 0 for x, 1 for y.
        pair: (K,) number of the pair of frames.
    """

    predicted: NDArray[np.float64]
    measured: NDArray[np.float64]
    axis: NDArray[np.intp]
    pair: NDArray[np.intp]

    def along(self, axis: int) -> Shifts:
        """Only those along x (0) or y (1)."""
        chosen = self.axis == axis
        return Shifts(self.predicted[chosen], self.measured[chosen], self.axis[chosen], self.pair[chosen])

    @property
    def pairs(self) -> int:
        """Pairs of frames that contribute."""
        return len(np.unique(self.pair))

    @property
    def slope(self) -> float:
        """Measured per predicted shift, least squares: 1 where the poses are right."""
        return float(self.measured @ self.predicted) / max(float(self.predicted @ self.predicted), 1e-12)

    @property
    def likeness(self) -> float:
        """Cosine between the two, -1 to 1."""
        norms = float(np.linalg.norm(self.predicted) * np.linalg.norm(self.measured))
        return float(self.measured @ self.predicted) / max(norms, 1e-12)

    @property
    def error(self) -> float:
        """Root mean square difference, pixels of the reduced frames."""
        return float(np.sqrt(np.mean((self.measured - self.predicted) ** 2))) if len(self.predicted) else 0.0


def telling_pairs(
    matrices: NDArray[np.float64], image_shape: tuple[int, int], factor: int, count: int = PAIRS
) -> list[tuple[int, int]]:
    """Pairs of frames that the poses shift within the image's plane, and hardly out of it.

    Args:
        matrices: (N, 4, 4) pixel to mm.
        image_shape: (H, W).
        factor: Pixels per pixel of the reduced frames.
        count: How many at most; they are spread over the sweep.
    """
    first, second = _candidates(len(matrices))
    if not len(first):
        return []
    height, width = image_shape
    points = np.array([[width * x, height * y, 0, 1] for x, y in ((0.5, 0.5), (0.3, 0.3), (0.7, 0.3), (0.5, 0.7))])
    shift, apart, size = _relative(matrices, first, second, np.repeat(points[None], len(first), axis=0))
    within = np.linalg.norm(shift, axis=2).mean(1) / factor
    away = np.abs(apart).max(1)
    fits = (np.abs(shift).max((1, 2)) <= _LARGEST_SHIFT * factor) & (within >= _LEAST_SHIFT)
    fits &= (away <= _OUT_OF_PLANE_MM) & (away <= _OUT_OF_PLANE * within * factor * size)
    chosen: list[tuple[int, int]] = []
    gap = max(1, len(matrices) // (2 * count))
    order = np.argsort(away[fits] / (within * factor * size)[fits], kind="stable")
    for one, two in zip(first[fits][order].tolist(), second[fits][order].tolist(), strict=True):
        if all(abs(one - other) >= gap or abs(two - another) >= gap for other, another in chosen):
            chosen.append((one, two))
            if len(chosen) == count:
                break
    return chosen


def compare_shifts(
    matrices: NDArray[np.float64], other: NDArray[np.float64], matches: Matches, factor: int
) -> tuple[Shifts, Shifts]:
    """Predicted beside measured shifts, under two readings of the poses.

    Args:
        matrices: (N, 4, 4) pixel to mm; only shifts are taken that these predict within the plane and within reach.
        other: Likewise; predicts the same shifts.
        matches: What was measured.
        factor: Pixels per pixel of the reduced frames.
    """
    center = (factor - 1) / 2
    points = np.concatenate([matches.at * factor + center, np.zeros_like(matches.at)], axis=1)
    points[:, 3] = 1
    shift, apart, size = _relative(matrices, matches.first, matches.second, points[:, None])
    within = np.abs(shift[:, 0]) / factor
    keep = matches.sharp & (within >= _LEAST_SHIFT / 2) & (within <= _LARGEST_SHIFT)
    keep &= np.abs(apart) <= _OUT_OF_PLANE * np.linalg.norm(shift[:, 0], axis=1, keepdims=True) * size[:, None]
    block, axis = np.nonzero(keep)
    pair = np.unique(np.stack([matches.first, matches.second]), axis=1, return_inverse=True)[1].reshape(-1)
    another = _relative(other, matches.first, matches.second, points[:, None])[0]
    return (
        Shifts(shift[:, 0][keep] / factor, matches.shift[keep], axis, pair[block]),
        Shifts(another[:, 0][keep] / factor, matches.shift[keep], axis, pair[block]),
    )


def _candidates(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    step = max(1, count // _DENSE)
    pairs = {(one, one + step * lag) for lag in _LAGS for one in range(0, count - step * lag, step)}
    spread = np.unique(np.linspace(0, count - 1, _CROSSING_FRAMES).astype(int)).tolist()
    pairs |= {(one, two) for number, one in enumerate(spread) for two in spread[number + 1 :]}
    both = np.array(sorted(pairs), np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _relative(
    matrices: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Where points (K, P, 4) of the first frames appear in the second ones.

    Returns:
        Shift in pixels (K, P, 2), distance from the second frame's plane in mm (K, P), and mm per pixel (K,).
    """
    moved = np.einsum("kij,kjl,kpl->kpi", np.linalg.inv(matrices)[second], matrices[first], points, optimize=True)
    size = np.linalg.norm(matrices[second][:, :3, :3], axis=1)
    return moved[..., :2] - points[..., :2], moved[..., 2] * size[:, None, 2], size[:, :2].mean(1)
