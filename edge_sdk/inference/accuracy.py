"""Whether a package keeps the accuracy of its FP32 reference, on labelled volumes.

The reference's Dice comes from a reference package that is run on the same volumes, else from the manifest's
`metrics.reference_cases`: {case: {class number: Dice}}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_sdk.errors import GeometryError
from edge_sdk.inference.cases import Case
from edge_sdk.inference.segment import segment
from edge_sdk.manifest import Manifest
from edge_sdk.metrics import Scores, dice_per_class, mean_dice, mean_over_cases, ratio_interval
from edge_sdk.package_session import PackageSession
from edge_sdk.progress import Progress

THRESHOLD = 0.99
"""Least share of the reference's Dice, as in MLPerf Inference's quality gates."""

CaseScores = Mapping[str, Scores]


@dataclass(frozen=True)
class Accuracy:
    """Dice of a package beside its reference's.

    Attributes:
        dice: By class number, averaged over the cases.
        mean: Of the classes but the background, averaged over the cases.
        reference_dice, reference_mean: The same of the reference; None without one.
        ratio: mean / reference_mean; None without a reference.
        ci95: Its 95 % interval, bootstrapped over the cases.
        passes: Whether the ratio is at least `THRESHOLD`; None without a reference.
    """

    cases: int
    dice: Scores
    mean: float
    reference_dice: Scores | None = None
    reference_mean: float | None = None
    ratio: float | None = None
    ci95: tuple[float, float] | None = None
    passes: bool | None = None


def score_cases(
    session: PackageSession, cases: Sequence[Case], *, progress: Progress | None = None
) -> dict[str, Scores]:
    """Dice by case identity and class (without the background) of a session's masks.

    Raises:
        FileFormatError: A case that cannot be read.
        GeometryError: An image and its labels that do not lie on one grid.
    """
    classes = sorted(session.manifest.labels)
    scores: dict[str, Scores] = {}
    for done, case in enumerate(cases, 1):
        image, label = case.read(classes)
        mask = segment(session, image)
        scores[case.identity] = dice_per_class(mask.voxels, label.voxels, classes[1:])
        if progress:
            progress(done, len(cases), f"accuracy on {session.target}")
    return scores


def recorded_reference(manifest: Manifest, identities: Sequence[str]) -> tuple[CaseScores, str] | None:
    """The reference's Dice of each case as the manifest recorded it, and what was recorded.

    Where it recorded other cases only, every case gets their means: the ratio then compares two sets of cases, and
    its interval knows of the scatter of one of them.
    """
    recorded = manifest.metrics.get("reference_cases")
    by_case = {name: _scores(item) for name, item in recorded.items()} if isinstance(recorded, dict) else {}
    if set(identities) <= set(by_case):
        return {name: by_case[name] for name in identities}, "the manifest's record of these very cases"
    means = mean_over_cases(list(by_case.values()))
    if mean_dice(means) is None:
        return None
    return dict.fromkeys(
        identities, means
    ), f"the manifest's means over {len(by_case)} other cases; not a paired comparison"


def _scores(recorded: object) -> dict[int, float | None]:
    """Dice by class from JSON, where classes are digits."""
    if not isinstance(recorded, dict):
        return {}
    return {
        int(label): float(value) if isinstance(value, int | float) else None
        for label, value in recorded.items()
        if label.isdigit()
    }


def compare_with_reference(scores: CaseScores, reference: CaseScores | None) -> Accuracy:
    """Average over the cases and hold against the reference on the same cases.

    Raises:
        GeometryError: No case has any labelled voxel.
    """
    means = {name: value for name, case in scores.items() if (value := mean_dice(case)) is not None}
    if not means:
        raise GeometryError("no case has a labelled voxel", remedy="give labelled cases")
    plain = Accuracy(len(scores), mean_over_cases(list(scores.values())), sum(means.values()) / len(means))
    if reference is None:
        return plain
    theirs = {name: mean_dice(reference[name]) for name in means}
    paired = [(means[name], value) for name, value in theirs.items() if value is not None]
    if not paired or not any(value for _, value in paired):
        return plain
    ours, values = zip(*paired, strict=True)
    ratio, interval = ratio_interval(ours, values)
    return Accuracy(
        plain.cases,
        plain.dice,
        plain.mean,
        mean_over_cases(list(reference.values())),
        sum(values) / len(values),
        ratio,
        interval,
        ratio >= THRESHOLD,
    )
