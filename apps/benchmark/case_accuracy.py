"""Accuracy on labeled volumes beside the FP32 reference, by case and class."""

from __future__ import annotations

from pathlib import Path

from apps.benchmark.accuracy_group import AccuracyGate, AccuracyGroup, DiceByClass
from apps.inspection.accuracy_check import reference_scores
from apps.report.measured import NotMeasured
from edge_sdk.inference.accuracy import THRESHOLD, CaseScores, compare_with_reference, score_cases
from edge_sdk.inference.cases import find_cases
from edge_sdk.metrics import Scores, no_interval
from edge_sdk.packages.package import Package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress

_ABSENT = NotMeasured(why="neither the mask nor the labels hold this class")


def accuracy_on_cases(package: Package, session: PackageSession, data: Path, report: Progress) -> AccuracyGroup:
    """The group "accuracy" of an open target.

    Args:
        package: Whose target it is.
        session: The open target.
        data: Folder of labeled volumes.
        report: Follows the work.

    Raises:
        EdgeSdkError: The data or the reference cannot be used.
    """
    cases = find_cases(data)
    scores = score_cases(session, cases, progress=report)
    reference = reference_scores(package, None, cases, session.target, None, report)
    found = compare_with_reference(scores, reference.scores, paired=reference.paired)
    no_reference = NotMeasured(why=reference.source if reference.scores is None else "the reference's Dice is 0")
    compared, mean = found.compared, found.reference_mean
    few = no_interval(compared.cases) if compared else None
    no_ends = NotMeasured(why=few) if few else no_reference
    return AccuracyGroup(
        data=str(data),
        cases=found.cases,
        dice={**_by_name(found.dice, package), "mean": found.mean},
        reference=no_reference if reference.scores is None else reference.source,
        reference_mean=no_reference if found.ratio is None or mean is None else mean,
        ratio=no_reference if found.ratio is None else found.ratio,
        ratio_ci95=no_ends if found.ci95 is None else list(found.ci95),
        difference=no_reference if compared is None else compared.difference,
        difference_ci95=no_ends if compared is None or not compared.difference_ci95 else list(compared.difference_ci95),
        gate=no_reference if found.passes is None else AccuracyGate(passes=found.passes, least_ratio=THRESHOLD),
        dice_by_case=_by_case(scores, package),
        reference_dice_by_case=no_reference if reference.scores is None else _by_case(reference.scores, package),
        hd95_mm=NotMeasured(why="this version computes no surface distances"),
    )


def _by_case(scores: CaseScores, package: Package) -> dict[str, DiceByClass]:
    return {name: _by_name(case, package) for name, case in scores.items()}


def _by_name(scores: Scores, package: Package) -> DiceByClass:
    names = package.manifest.labels
    return {names[label]: _ABSENT if value is None else value for label, value in scores.items()}
