"""Whether frames that the poses put close together look alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sanity.matching import Matcher
from edge_sdk.sweep.sanity.path import corner_points

_FRAMES = 64
_NEXT = 12
"""Frames further apart in the sweep than this many of the chosen ones are not compared."""
_COARSER = 4


def resemblance(matcher: Matcher, matrices: NDArray[np.float64], image_shape: tuple[int, int]) -> float:
    """Rank correlation (Spearman) of how far frames lie apart with how unlike their images are; 0.5 to 0.9 is usual.

    Args:
        matcher: Of the same frames.
        matrices: (N, 4, 4) pixel to mm.
        image_shape: (H, W).
    """
    chosen = np.unique(np.linspace(0, len(matrices) - 1, _FRAMES).astype(int))
    if len(chosen) < 4:
        return 0.0
    images = np.stack([_coarse(matcher.frame(int(index))) for index in chosen])
    images -= images.mean(1, keepdims=True)
    images /= np.maximum(np.linalg.norm(images, axis=1, keepdims=True), 1e-9)
    corners = corner_points(matrices[chosen], image_shape)
    apart = np.sqrt(((corners[:, None] - corners[None]) ** 2).sum(3).mean(2))
    one, two = np.triu_indices(len(chosen), 1)
    near = two - one <= _NEXT
    pairs = one[near], two[near]
    unlike = 1 - images @ images.T
    return float(np.corrcoef(_ranks(unlike[pairs]), _ranks(apart[pairs]))[0, 1])


def _coarse(image: NDArray[np.float32]) -> NDArray[np.float64]:
    rows, columns = (size // _COARSER for size in image.shape)
    cut = image[: rows * _COARSER, : columns * _COARSER]
    return np.asarray(cut.reshape(rows, _COARSER, columns, _COARSER).mean((1, 3), dtype=np.float64).ravel())


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)
