"""Whether another reading of the poses fits the images clearly better than the given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.sweep.sanity.agreement import Shifts, compare_shifts, telling_pairs
from edge_sdk.sweep.sanity.alternatives import Alternative, Kind
from edge_sdk.sweep.sanity.matching import Matcher
from edge_sdk.sweep.sanity.path import corner_points
from edge_sdk.sweep.sanity.resemblance import resemblance
from edge_sdk.sweep.warning import SweepWarning

_RIGHT_SLOPE, _RIGHT_LIKENESS = (0.8, 1.25), 0.9
_SLOPE, _LIKENESS = (0.4, 1.6), 0.6
_CLEARLY = 2.0
"""How many times smaller the error of an alternative must be than the given poses'."""
_NO_SLOPE, _NO_LIKENESS = 0.25, 0.45
_SHORTER_PATH, _MORE_ALIKE = 2.5, 0.1
_AS_GOOD = 0.1


@dataclass(frozen=True)
class _Proof:
    """An alternative that fits the images."""

    kind: Kind
    likeness: float
    what: str
    cause: str
    remedy: str


class ImageEvidence:
    """Measures how images move, and compares it with readings of the poses."""

    def __init__(self, images: NDArray[Any], usable: NDArray[np.bool_], given: NDArray[np.float64]) -> None:
        """
        Args:
            images: (N, H, W) or (N, H, W, 3), all frames.
            usable: (N,) which of them have poses.
            given: (M, 4, 4) pixel to mm, as the poses of the usable frames say.
        """
        self._matcher, self._given = Matcher(images, usable), given
        self._shape = (images.shape[1], images.shape[2])

    def warnings(self, alternatives: Sequence[Alternative]) -> list[SweepWarning]:
        """At most one: the mistake whose undoing explains the images, or that nothing does; none for tiny frames."""
        if not self._matcher.comparable:
            return []
        shifts = self._shifts(self._given)[0]
        if _right(shifts):
            return []
        directions = [each for each in alternatives if each.kind == "direction"]
        proofs = [proof for each in alternatives if (proof := self._proof(each)) is not None]
        if proofs:
            best = max(proofs, key=lambda proof: proof.likeness)
            near = [proof for proof in proofs if proof is not best and proof.likeness > best.likeness - _AS_GOOD]
            # What flipped images and a wrong direction look like differs little where the probe hardly turns.
            others = self._possible(directions) if best.kind == "mirror" else [proof.cause for proof in near]
            return [SweepWarning(best.what, ", or ".join([best.cause, *others]), best.remedy)]
        if _confirmed(shifts):
            return []
        shorter = self._shorter_path(directions)
        if shorter is not None and (_contradicted(shifts) or shorter[1] > _MORE_ALIKE):
            return [shorter[0]]
        return [_unexplained(shifts, directions)] if _contradicted(shifts) else []

    def _shifts(self, matrices: NDArray[np.float64]) -> tuple[Shifts, Shifts]:
        """Under these poses, and the same ones under the given poses."""
        factor = self._matcher.factor
        matches = self._matcher.matches(telling_pairs(matrices, self._shape, factor))
        return compare_shifts(matrices, self._given, matches, factor)

    def _possible(self, directions: Sequence[Alternative]) -> list[str]:
        """Wrong directions that the images do not rule out."""
        fits = [(each, self._shifts(each.matrices)[0]) for each in directions]
        return _in_words([each for each, shifts in fits if not _enough(shifts) or shifts.likeness >= _LIKENESS])

    def _proof(self, alternative: Alternative) -> _Proof | None:
        """How well an alternative fits, where it fits clearly better than the given poses."""
        fits, given = self._shifts(alternative.matrices)
        parts = [(fits.along(axis), given.along(axis)) for axis in alternative.axes] or [(fits, given)]
        for new, old in parts:
            if not (_confirmed(new) and old.error >= _CLEARLY * new.error):
                return None
        factor = self._matcher.factor
        what = (
            f"the images do not move as the poses say: from frame to frame they are {old.error * factor:.0f} pixels "
            f"off, {new.error * factor:.0f} otherwise ({new.pairs} pairs of frames)"
        )
        return _Proof(alternative.kind, fits.likeness, what, alternative.cause, alternative.remedy)

    def _shorter_path(self, directions: Sequence[Alternative]) -> tuple[SweepWarning, float] | None:
        """The direction that brings the frames much closer together, and by how much near frames are more alike."""
        given = _path_mm(self._given, self._shape)
        lengths = [_path_mm(each.matrices, self._shape) for each in directions]
        if not lengths or given < _SHORTER_PATH * min(lengths):
            return None
        best = directions[int(np.argmin(lengths))]
        before = resemblance(self._matcher, self._given, self._shape)
        after = resemblance(self._matcher, best.matrices, self._shape)
        what = (
            f"the frames' path is {given:.0f} mm long, {min(lengths):.0f} mm otherwise, and how unlike frames are "
            f"follows their distance with {before:.2f}, {after:.2f} otherwise (rank correlation)"
        )
        return SweepWarning(what, best.cause, best.remedy), after - before


def _unexplained(shifts: Shifts, directions: Sequence[Alternative]) -> SweepWarning:
    others = ["the images are flipped", "images and poses are not of the same time"]
    return SweepWarning(
        f"the images do not move as the poses say: {shifts.slope:.0%} of the shift, 100% expected "
        f"({shifts.pairs} pairs of frames)",
        ", or ".join([*_in_words(directions), *others]),
        "check the direction of the transforms, the orientation, and the lag with calibrate-time",
    )


def _in_words(directions: Sequence[Alternative]) -> list[str]:
    """All of them as one cause, or none."""
    names = dict.fromkeys(name for each in directions for name in each.names)
    if not names:
        return []
    return [f"{' or '.join(names)} is stored in the other direction"]


def _path_mm(matrices: NDArray[np.float64], shape: tuple[int, int]) -> float:
    """Length of the way that the frames' middles go."""
    return float(np.linalg.norm(np.diff(corner_points(matrices, shape).mean(1), axis=0), axis=1).sum())


def _enough(shifts: Shifts) -> bool:
    count = len(shifts.predicted)
    return (count >= 24 and shifts.pairs >= 8) or (count >= 40 and shifts.pairs >= 6)


def _confirmed(shifts: Shifts) -> bool:
    return _enough(shifts) and _SLOPE[0] <= shifts.slope <= _SLOPE[1] and shifts.likeness >= _LIKENESS


def _contradicted(shifts: Shifts) -> bool:
    return _enough(shifts) and shifts.slope < _NO_SLOPE and shifts.likeness < _NO_LIKENESS


def _right(shifts: Shifts) -> bool:
    """So well that nothing else need be tried."""
    parts = [part for part in (shifts, shifts.along(0), shifts.along(1)) if _enough(part)]
    return bool(parts) and all(
        _RIGHT_SLOPE[0] <= part.slope <= _RIGHT_SLOPE[1] and part.likeness >= _RIGHT_LIKENESS for part in parts
    )
