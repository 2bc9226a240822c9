"""HD95: how far the surfaces of mask and labels are apart, by MONAI."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge_sdk.volume.geometry_warnings import SKEWED, skew_of
from edge_sdk.volume.grid import Volume


def hd95_per_class(prediction: Volume, truth: Volume, classes: Iterable[int]) -> dict[int, float | None]:
    """95th percentile of the Hausdorff distance of each class, mm; the larger of the two directions.

    An empty surface has no distance. So: None where neither volume has the class, and the length of the volume's
    diagonal, which no distance exceeds, where only one of them has it. A class that was missed altogether, or seen
    where there is none, thus costs the most that is possible. Also None on a grid whose axes are not at right angles,
    which MONAI's distances do not know.

    Args:
        prediction, truth: Labels (D, H, W) on one grid.
    """
    from monai.metrics import compute_hausdorff_distance

    if skew_of(truth.grid) > SKEWED:
        return dict.fromkeys(classes)
    spacing = truth.grid.spacing[::-1]
    diagonal = float(np.linalg.norm(np.multiply(truth.grid.shape, spacing)))
    distances: dict[int, float | None] = {}
    for label in classes:
        ours, theirs = prediction.voxels == label, truth.voxels == label
        if ours.any() and theirs.any():
            with warnings.catch_warnings():
                # MONAI 1.6 calls a function of its own with an argument that it deprecates.
                warnings.simplefilter("ignore", FutureWarning)
                found = compute_hausdorff_distance(
                    _batch(ours), _batch(theirs), include_background=True, percentile=95, spacing=spacing
                )
            distances[label] = float(found)
        else:
            distances[label] = diagonal if ours.any() or theirs.any() else None
    return distances


def _batch(mask: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(mask)[None, None]
