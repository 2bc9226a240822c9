"""Levels that lie far from all others of an image: a defect voxel, metal, or the value that pads the field of view.

They would set mean and standard deviation of the whole image ("zscore"), and leave the rest without contrast.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.data_warning import DataWarning
from edge_sdk.packages.manifest import Normalization
from edge_sdk.volume.grid import Volume

MOST = 0.005
"""Largest share of voxels at either end that can be extreme; most structures are larger."""
NEIGHBORHOOD = 2
"""Voxels on every side whose median replaces an extreme level; an edge of the range there would look like a structure
(0.010 of the Dice where it lay within the hippocampus, against 0.002)."""
FAR = 20.0
"""Least gap between extreme levels and the others, in ranges of the others. MR images of the hippocampus (210 volumes)
reach 0.7, a small structure 35 standard deviations above a noisy background 4."""
PADDING = 3.0
"""The same for one negative level that any share of the voxels may have: padding, such as -32768 beside 0 to 1000."""
SQUEEZED = 0.15
"""Share of the standard deviation that the middle 98 % of the levels must have; those images reach 0.89 to 0.98."""
_ENOUGH = 1_000_000
"""Levels that tell a standard deviation well enough for a warning."""


class ExtremeLevelsWarning(UserWarning):
    """An image has levels far from all others.

    Attributes:
        finding: What was found, why, and what to do.
    """

    def __init__(self, finding: DataWarning) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True)
class LevelRange:
    """Where the levels of an image lie, without the extreme ones.

    Attributes:
        low, high: Smallest and largest level that is not extreme.
        below, above: Number of voxels with a smaller or a larger level.
        smallest, largest: Least and greatest of all levels, the extreme ones included.
        padded: Whether the smallest level is that of many voxels, which pad the image.
        squeezed: Standard deviation of the middle 98 % as a share of that of all from `low` to `high`; 1 where unknown.
    """

    low: float
    high: float
    below: int
    above: int
    smallest: float
    largest: float
    padded: bool
    squeezed: float

    def finding(self, where: object) -> DataWarning | None:
        """What is unusual; None where nothing is.

        Args:
            where: The image's file; None where nobody knows it.
        """
        place = "" if where is None else f"{where}: "
        ends = [
            f"{count} voxel{'s' if count > 1 else ''} {side} {self.low if side == 'below' else self.high:g} "
            f"({'down' if side == 'below' else 'up'} to {end:g})"
            for count, side, end in ((self.below, "below", self.smallest), (self.above, "above", self.largest))
            if count
        ]
        if ends:
            return DataWarning(
                f"{place}{' and '.join(ends)} are far from all other levels, and were replaced by levels around them",
                "a defect voxel, metal, or a value that pads the field of view",
                "look at the image, and crop or mask what is none",
            )
        if self.squeezed < SQUEEZED:
            return DataWarning(
                f"{place}a few of the levels ({self.low:g} to {self.high:g}) set the normalization: the middle 98 % "
                f"have {100 * self.squeezed:.0f} % of the standard deviation of all, and little contrast is left",
                "metal, or something else much brighter or darker than tissue",
                "compare the mask with the image",
            )
        return None


def without_extremes(volume: Volume, normalization: Normalization, *, where: object = None) -> Volume:
    """The volume without extreme levels, where a normalization depends on all levels; see `replaced`.

    Training and inference both call it. Ordinary images come back as they are.

    Args:
        volume: Gray levels.
        normalization: Of the network; only "zscore" depends on all levels.
        where: The image's file, for the warning; None where nobody knows it.

    Warns:
        ExtremeLevelsWarning: Levels were changed, or a few levels take most of the contrast.
    """
    if normalization.kind != "zscore":
        return volume
    found = level_range(volume.voxels)
    if (finding := found.finding(where)) is None:
        return volume
    warnings.warn(ExtremeLevelsWarning(finding), stacklevel=2)
    if not found.below and not found.above:
        return volume
    return volume.with_voxels(replaced(volume.voxels, found))


def replaced(voxels: NDArray[Any], found: LevelRange) -> NDArray[Any]:
    """Voxels (D, H, W) with the median of the other levels around it in the place of each extreme one.

    Where all levels around it are extreme, as within padding, it becomes the nearest level of the range.

    Args:
        voxels: (D, H, W) gray levels.
        found: Their range.
    """
    kind = voxels.dtype.type
    low, high = kind(found.low), kind(found.high)
    filled: NDArray[Any] = np.clip(voxels, low, high)
    extreme = (voxels < low) | (voxels > high)
    padding = voxels == voxels.min() if found.padded else np.zeros_like(extreme)
    for index in np.argwhere(extreme & ~padding):
        box = tuple(slice(max(0, at - NEIGHBORHOOD), at + NEIGHBORHOOD + 1) for at in index)
        if (others := voxels[box][~extreme[box]]).size:
            filled[tuple(index)] = np.sort(others)[others.size // 2]
    return filled


def level_range(voxels: NDArray[Any]) -> LevelRange:
    """Where the levels of an image lie.

    Args:
        voxels: (D, H, W) finite gray levels.
    """
    levels = voxels.ravel()
    inner = _without_padding(levels)
    low_tail, high_tail = _tails(inner)
    low = -_outer_inlier(-low_tail[::-1], -float(high_tail[0]))
    high = _outer_inlier(high_tail, float(low_tail[-1]))
    return LevelRange(
        low=low,
        high=high,
        below=int(np.count_nonzero(levels < low)),
        above=int(np.count_nonzero(levels > high)),
        smallest=float(levels.min()),
        largest=float(levels.max()),
        padded=levels.size - inner.size > MOST * levels.size,
        squeezed=_squeezed(inner[(inner >= low) & (inner <= high)]),
    )


def _without_padding(levels: NDArray[Any]) -> NDArray[Any]:
    """The levels without one negative level that lies far below all others."""
    smallest = float(levels.min())
    if smallest >= 0:
        return levels
    others = levels[levels != smallest]
    if not others.size:
        return levels
    low, high = float(others.min()), float(_tails(others)[1][0])
    return others if high > low and low - smallest > PADDING * (high - low) else levels


def _tails(levels: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The levels that may be extreme at either end and the one next to them, in rising order."""
    count = min(levels.size - 1, max(1, int(MOST * levels.size)))
    parted = np.partition(levels, sorted({count, levels.size - 1 - count}))
    low, high = np.sort(parted[: count + 1]), np.sort(parted[levels.size - 1 - count :])
    return low.astype(np.float64), high.astype(np.float64)


def _outer_inlier(tail: NDArray[np.float64], other_end: float) -> float:
    """The largest level of a rising tail that no gap divides from the levels down to `other_end`."""
    gaps, ranges = np.diff(tail), tail[:-1] - other_end
    far = np.flatnonzero((ranges > 0) & (gaps > FAR * ranges))
    return float(tail[far[0]] if far.size else tail[-1])


def _squeezed(levels: NDArray[Any]) -> float:
    """Standard deviation of the middle 98 % of levels, as a share of that of all; 1 where either is 0."""
    if not levels.size:
        return 1.0
    levels = levels[:: 1 + levels.size // _ENOUGH]
    low, high = np.quantile(levels, (0.01, 0.99))
    middle = levels[(levels >= low) & (levels <= high)]
    whole, part = float(np.std(levels, dtype=np.float64)), float(np.std(middle, dtype=np.float64))
    return part / whole if part > 0 and whole > 0 else 1.0
