"""Whether a package keeps the accuracy of its FP32 reference, on labeled volumes.

The reference's Dice comes from a reference package that is run on the same volumes, else from the manifest's
`metrics.reference_cases`: {case: {class number: Dice}}. `metrics.graph_cases` holds the same of the package's own graph
(fake-quantized where it is INT8) as it was judged when the package was made: what every runtime should reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge_sdk.errors import GeometryError
from edge_sdk.inference.cases import Case
from edge_sdk.inference.segment import segment
from edge_sdk.metrics import (
    QUALITY_LEVELS,
    Paired,
    Scores,
    compare_paired,
    dice_per_class,
    mean_over_cases,
    mean_over_classes,
    paired_by_case,
)
from edge_sdk.packages.manifest import Manifest
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress

THRESHOLD = QUALITY_LEVELS[0]
"""Least share of the reference's Dice."""

CaseScores = Mapping[str, Scores]


class Reference(NamedTuple):
    """What a package is compared with.

    Attributes:
        scores: By case; None where nothing is known.
        source: Where they come from, or why there are none.
        paired: Whether they are of these very cases.
    """

    scores: CaseScores | None
    source: str
    paired: bool = True


@dataclass(frozen=True)
class Accuracy:
    """Dice of a package beside its reference's.

    Attributes:
        cases: How many were judged.
        dice: By class number, averaged over the cases.
        mean: Of the classes but the background, averaged over the cases.
        reference_dice, reference_mean: The same of the reference; None without one.
        compared: The two means over the cases that both can be judged on, their difference and ratio; None without a
            reference.
    """

    cases: int
    dice: Scores
    mean: float
    reference_dice: Scores | None = None
    reference_mean: float | None = None
    compared: Paired | None = None

    @property
    def ratio(self) -> float | None:
        """Share of the reference's Dice; None without one, or where it is 0."""
        return self.compared.ratio if self.compared else None

    @property
    def ci95(self) -> tuple[float, float] | None:
        """The ratio's 95 % interval, bootstrapped over the cases; None from few of them."""
        return self.compared.ratio_ci95 if self.compared else None

    @property
    def passes(self) -> bool | None:
        """Whether the ratio is at least `THRESHOLD`; None without a ratio."""
        return None if self.ratio is None else self.ratio >= THRESHOLD


def score_cases(
    session: PackageSession, cases: Sequence[Case], *, progress: Progress | None = None
) -> dict[str, Scores]:
    """Dice by case identity and class (without the background) of a session's masks.

    Args:
        session: Opened target of a package.
        cases: Labeled volumes.
        progress: Called after each case.

    Raises:
        FileFormatError: A case that cannot be read.
        GeometryError: An image and its labels that do not lie on one grid.
    """
    classes = sorted(session.manifest.labels)
    scores: dict[str, Scores] = {}
    for done, case in enumerate(cases, 1):
        image, label = case.read(classes)
        mask = segment(session, image, where=case.image)
        scores[case.identity] = dice_per_class(mask.voxels, label.voxels, classes[1:])
        if progress:
            progress(done, len(cases), f"accuracy on {session.target}")
    return scores


def recorded_cases(manifest: Manifest, key: str) -> CaseScores:
    """Dice by case and class that a manifest's metrics hold under "reference_cases" or "graph_cases"."""
    recorded = manifest.metrics.get(key)
    return {name: _scores(item) for name, item in recorded.items()} if isinstance(recorded, dict) else {}


def recorded_scores(manifest: Manifest, key: str, cases: Sequence[Case]) -> dict[str, Scores]:
    """Dice by case identity and class, of those of the cases that a manifest recorded.

    Older packages recorded name and labels of a case only; such a record stands for whatever image has the name.

    Args:
        manifest: Manifest of the package.
        key: "reference_cases" or "graph_cases".
        cases: Labeled volumes.
    """
    recorded = recorded_cases(manifest, key)
    found: dict[str, Scores] = {}
    for case in cases if recorded else ():
        identity = case.identity
        scores = recorded.get(identity, recorded.get(case.label_identity))
        if scores is not None:
            found[identity] = scores
    return found


def recorded_reference(manifest: Manifest, cases: Sequence[Case]) -> Reference | None:
    """The reference's Dice of each case as the manifest recorded it, and what was recorded; None where nothing was.

    Where the manifest recorded other cases only, every case gets their means: the ratio then compares two sets of
    cases, and its interval covers the scatter of one of them only.

    Args:
        manifest: Manifest of the package.
        cases: The cases that the package is judged on.
    """
    these = recorded_scores(manifest, "reference_cases", cases)
    if len(these) == len(cases):
        return Reference(these, "the manifest's record of these very cases")
    by_case = recorded_cases(manifest, "reference_cases")
    means = mean_over_cases(list(by_case.values()))
    if mean_over_classes(means) is None:
        return None
    source = f"the manifest's means over {len(by_case)} other cases; not a paired comparison"
    return Reference(dict.fromkeys((case.identity for case in cases), means), source, paired=False)


def _scores(recorded: object) -> dict[int, float | None]:
    """Dice by class from JSON, where classes are digits."""
    if not isinstance(recorded, dict):
        return {}
    return {
        int(label): float(value) if isinstance(value, int | float) else None
        for label, value in recorded.items()
        if label.isdigit()
    }


def compare_with_reference(scores: CaseScores, reference: CaseScores | None, *, paired: bool = True) -> Accuracy:
    """Average over the cases and compare with the reference on the same cases.

    Args:
        scores: Of the package.
        reference: Of its reference; None without one.
        paired: Whether the reference's scores are of these very cases. A network that correctly predicts no voxel of a
            class then gets a Dice of 1 where the other predicts some, which gives the other 0.

    Raises:
        GeometryError: No case has any labeled voxel.
    """
    means = [value for case in scores.values() if (value := mean_over_classes(case)) is not None]
    if not means:
        raise GeometryError("no case has a labeled voxel", remedy="give labeled cases")
    plain = Accuracy(len(scores), mean_over_cases(list(scores.values())), sum(means) / len(means))
    if reference is None:
        return plain
    pairs = paired_by_case(scores, reference, absent=1.0 if paired else None)
    theirs = [value for name in scores if (value := mean_over_classes(reference[name])) is not None]
    if not pairs[0] or not any(pairs[1]) or not theirs:
        return plain
    return Accuracy(
        plain.cases,
        plain.dice,
        plain.mean,
        mean_over_cases(list(reference.values())),
        sum(theirs) / len(theirs),
        compare_paired(*pairs),
    )
