"""How well a mask agrees with the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError

Scores = Mapping[int, float | None]
"""Dice by class; None where the class is in neither mask."""


def dice_per_class(prediction: NDArray[Any], truth: NDArray[Any], classes: Iterable[int]) -> dict[int, float | None]:
    """Dice coefficient (2·|A∩B| / (|A|+|B|)) of each class of two label arrays of one shape.

    Raises:
        GeometryError: The shapes differ.
    """
    if prediction.shape != truth.shape:
        raise GeometryError(
            f"a mask of shape {prediction.shape} is compared with labels of shape {truth.shape}",
            remedy="give labels on the volume's grid",
        )
    scores: dict[int, float | None] = {}
    for label in classes:
        ours, theirs = prediction == label, truth == label
        total = int(ours.sum()) + int(theirs.sum())
        scores[label] = 2.0 * int((ours & theirs).sum()) / total if total else None
    return scores


def mean_dice(scores: Scores) -> float | None:
    """Mean over the classes but the background (0) that are in either mask; None where none is."""
    present = [value for label, value in scores.items() if label != 0 and value is not None]
    return float(np.mean(present)) if present else None


def mean_over_cases(cases: Sequence[Scores]) -> dict[int, float | None]:
    """Dice by class, averaged over the cases that have the class."""
    means: dict[int, float | None] = {}
    for label in sorted({label for scores in cases for label in scores}):
        present = [value for scores in cases if (value := scores.get(label)) is not None]
        means[label] = float(np.mean(present)) if present else None
    return means


def ratio_interval(
    ours: Sequence[float], reference: Sequence[float], *, draws: int = 2000, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """The ratio of two means over the same cases, and its 95 % interval by a paired bootstrap over the cases.

    Raises:
        ValueError: No cases, different numbers of them, or a reference of mean 0.
    """
    first, second = np.asarray(ours, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape or first.size == 0 or second.mean() == 0.0:
        raise ValueError("a ratio needs the same cases on both sides and a reference above 0")
    picks = np.random.default_rng(seed).integers(0, first.size, (draws, first.size))
    below = second[picks].mean(axis=1)
    ratios = first[picks].mean(axis=1)[below > 0] / below[below > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(first.mean() / second.mean()), (float(low), float(high))


def class_ml(mask: NDArray[Any], voxel_ml: float, labels: Mapping[int, str]) -> dict[str, float]:
    """Millilitres of each class but the background, by name."""
    counts = np.bincount(mask.ravel(), minlength=max(labels) + 1)
    return {name: float(counts[label]) * voxel_ml for label, name in labels.items() if label != 0}
