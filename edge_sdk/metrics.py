"""How well a mask agrees with the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError

Scores = Mapping[int, float | None]
"""Dice, or another measure, by class; None where the class is in neither mask."""
QUALITY_LEVELS = (0.99, 0.999)
"""Shares of the reference's score that MLPerf Inference asks for."""
FEWEST_FOR_INTERVAL = 6
"""Least number of cases for a 95 % interval. The values of five cases can be drawn again in 126 ways only, and one case
would give an interval of width 0."""
Interval = tuple[float, float]
"""Ends of a 95 % interval."""


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


def mean_over_classes(scores: Scores) -> float | None:
    """Mean over the classes but the background (0) that are in either mask; None where none is."""
    present = [value for label, value in scores.items() if label != 0 and value is not None]
    return float(np.mean(present)) if present else None


def mean_over_cases(cases: Sequence[Scores]) -> dict[int, float | None]:
    """Scores by class, averaged over the cases that have the class."""
    means: dict[int, float | None] = {}
    for label in sorted({label for scores in cases for label in scores}):
        present = [value for scores in cases if (value := scores.get(label)) is not None]
        means[label] = float(np.mean(present)) if present else None
    return means


@dataclass(frozen=True)
class Paired:
    """Two networks on the same cases.

    Attributes:
        ours, reference: Means over the cases.
        difference: ours - reference.
        ratio: ours / reference; None where the reference is 0.
        difference_ci95, ratio_ci95: Their 95 % intervals, by a bootstrap that draws cases, each with both its values;
            None under `FEWEST_FOR_INTERVAL` cases.
    """

    cases: int
    ours: float
    reference: float
    difference: float
    difference_ci95: Interval | None
    ratio: float | None
    ratio_ci95: Interval | None

    def levels(self) -> dict[str, dict[str, bool | None]]:
        """For each of `QUALITY_LEVELS`: whether the ratio reaches it ("kept"), and its whole interval ("surely").

        "surely" is None without an interval.
        """
        if self.ratio is None:
            return {}
        low = None if self.ratio_ci95 is None else self.ratio_ci95[0]
        return {
            f"{level:g}": {"kept": self.ratio >= level, "surely": None if low is None else low >= level}
            for level in QUALITY_LEVELS
        }


def no_interval(cases: int) -> str | None:
    """Why there is no 95 % interval over so many cases; None where there is one."""
    if cases >= FEWEST_FOR_INTERVAL:
        return None
    return f"no 95 % interval from {cases} case{'s' if cases != 1 else ''}: at least {FEWEST_FOR_INTERVAL} are needed"


def compare_paired(ours: Sequence[float], reference: Sequence[float], *, draws: int = 2000, seed: int = 0) -> Paired:
    """Compare two networks by one number per case.

    Args:
        ours, reference: One number per case, in the same order.
        draws: Draws of the bootstrap.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: No cases, or different numbers of them.
    """
    first, second = np.asarray(ours, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape or first.size == 0:
        raise ValueError("a comparison needs the same cases on both sides, at least one")
    ratio = float(first.mean() / second.mean()) if second.mean() > 0 else None
    plain = Paired(
        int(first.size),
        float(first.mean()),
        float(second.mean()),
        float(first.mean() - second.mean()),
        None,
        ratio,
        None,
    )
    if first.size < FEWEST_FOR_INTERVAL:
        return plain
    picks = np.random.default_rng(seed).integers(0, first.size, (draws, first.size))
    above, below = first[picks].mean(axis=1), second[picks].mean(axis=1)
    known = below > 0
    return replace(
        plain,
        difference_ci95=_middle95(above - below),
        ratio_ci95=None if ratio is None else _middle95(above[known] / below[known]),
    )


def _middle95(draws: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def paired_by_case(
    ours: Mapping[str, Scores], reference: Mapping[str, Scores], *, absent: float | None
) -> tuple[list[float], list[float]]:
    """Each case's mean over its classes but the background, for two networks; (ours, the reference's).

    Args:
        ours, reference: By case; the reference has all cases of ours.
        absent: What a network has earned that rightly saw nothing of a class that the other one saw: 1 for Dice, 0 mm
            for distances. None leaves such classes out.
    """
    means: list[tuple[float, float]] = []
    for name, scores in ours.items():
        pairs = [(mine, reference[name].get(label)) for label, mine in scores.items() if label != 0]
        filled = [pair for mine, theirs in pairs if (pair := _filled(mine, theirs, absent)) is not None]
        if filled:
            mine_mean, theirs_mean = np.mean(filled, axis=0)
            means.append((float(mine_mean), float(theirs_mean)))
    return [mine for mine, _ in means], [theirs for _, theirs in means]


def _filled(mine: float | None, theirs: float | None, absent: float | None) -> tuple[float, float] | None:
    """Both values with what is absent filled in; None where neither network saw the class, or nothing fills it."""
    if mine is None and theirs is None:
        return None
    mine, theirs = absent if mine is None else mine, absent if theirs is None else theirs
    return None if mine is None or theirs is None else (mine, theirs)


def class_ml(mask: NDArray[Any], voxel_ml: float, labels: Mapping[int, str]) -> dict[str, float]:
    """Milliliters of each class but the background, by name."""
    counts = np.bincount(mask.ravel(), minlength=max(labels) + 1)
    return {name: float(counts[label]) * voxel_ml for label, name in labels.items() if label != 0}
