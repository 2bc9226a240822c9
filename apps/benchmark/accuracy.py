"""Accuracy on labeled volumes beside the FP32 reference, by case and class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.inspection.accuracy import reference_scores
from apps.report.html import not_measured
from edge_sdk.inference.accuracy import THRESHOLD, CaseScores, compare_with_reference, score_cases
from edge_sdk.inference.cases import find_cases
from edge_sdk.metrics import Scores
from edge_sdk.packages.package import Package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress

_ABSENT = "neither the mask nor the labels hold this class"


def measure_accuracy(package: Package, session: PackageSession, data: Path, report: Progress) -> dict[str, Any]:
    """The group "accuracy" of an open target.

    Raises:
        EdgeSdkError: The data or the reference cannot be used.
    """
    cases = find_cases(data)
    scores = score_cases(session, cases, progress=report)
    reference, source, paired = reference_scores(package, None, cases, session.target, None, report)
    found = compare_with_reference(scores, reference, paired=paired)
    no_reference = not_measured(source if reference is None else "the reference's Dice is 0")
    unpaired = found.ratio is None
    return {
        "data": str(data),
        "cases": found.cases,
        "dice": {**_named(found.dice, package), "mean": found.mean},
        "reference": source if reference is not None else no_reference,
        "reference_mean": no_reference if unpaired else found.reference_mean,
        "ratio": no_reference if unpaired else found.ratio,
        "ratio_ci95": no_reference if found.ci95 is None else list(found.ci95),
        "difference": no_reference if found.compared is None else found.compared.difference,
        "difference_ci95": no_reference if found.compared is None else list(found.compared.difference_ci95),
        "gate": no_reference if found.passes is None else {"passes": found.passes, "least_ratio": THRESHOLD},
        "dice_by_case": _by_case(scores, package),
        "reference_dice_by_case": no_reference if reference is None else _by_case(reference, package),
        "hd95_mm": not_measured("this version computes no surface distances"),
    }


def _by_case(scores: CaseScores, package: Package) -> dict[str, Any]:
    return {name: _named(case, package) for name, case in scores.items()}


def _named(scores: Scores, package: Package) -> dict[str, Any]:
    names = package.manifest.labels
    return {names[label]: not_measured(_ABSENT) if value is None else value for label, value in scores.items()}
