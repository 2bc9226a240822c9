"""A package's accuracy on labelled volumes, beside that of its FP32 reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_sdk.inference.accuracy import (
    THRESHOLD,
    CaseScores,
    compare_with_reference,
    recorded_reference,
    score_cases,
)
from edge_sdk.inference.cases import Case, find_cases
from edge_sdk.package import Package
from edge_sdk.progress import Progress


def measure_accuracy(
    package: Package, data: Path, reference: Path | None, target: str, threads: int | None, report: Progress
) -> dict[str, Any]:
    """Dice of a package and of its reference over the cases of a folder.

    Returns:
        dice, reference_dice (by class name, and "mean"), ratio, ci95, passes, threshold, cases, accuracy_target, and
        where the reference comes from; null for what a missing reference leaves unknown.

    Raises:
        EdgeSdkError: The data, the reference package or the target cannot be used.
    """
    cases = find_cases(data)
    with package.open(target, threads) as session:
        scores = score_cases(session, cases, progress=report)
        ran_on = session.target
    theirs, source = reference_scores(package, reference, cases, target, threads, report)
    found = compare_with_reference(scores, theirs)
    names = package.manifest.labels

    def named(dice: Any, mean: float | None) -> dict[str, float | None] | None:
        return None if dice is None else {**{names[label]: value for label, value in dice.items()}, "mean": mean}

    return {
        "data": str(data),
        "cases": found.cases,
        "accuracy_target": ran_on,
        "dice": named(found.dice, found.mean),
        "reference": source,
        "reference_dice": named(found.reference_dice, found.reference_mean),
        "ratio": found.ratio,
        "ci95": None if found.ci95 is None else list(found.ci95),
        "threshold": THRESHOLD,
        "passes": found.passes,
    }


def sibling_reference(package: Path) -> Path | None:
    """The FP32 package beside an INT8 one, by name: "…-pruned-int8" and "…-int8" belong to "…-fp32"."""
    if "int8" not in package.name:
        return None
    plain = package.with_name(package.name.replace("int8", "fp32"))
    unpruned = package.with_name(plain.name.replace("-pruned", ""))
    return next((path for path in (plain, unpruned) if path.exists()), None)


def reference_scores(
    package: Package, given: Path | None, cases: list[Case], target: str, threads: int | None, report: Progress
) -> tuple[CaseScores | None, str]:
    """The reference's scores on the same cases, and where they come from (or why there are none)."""
    path = given or sibling_reference(package.source)
    if path is not None:
        # FP32 agrees between runtimes to 1e-5, so a reference that lacks the target may run on another.
        with Package(path) as other, other.open(target if target in other.targets else "auto", threads) as session:
            return score_cases(session, cases, progress=report), f"{path} on {session.target}"
    recorded = recorded_reference(package.manifest, [case.identity for case in cases])
    return recorded or (None, "no FP32 package lies beside it, and its manifest records no reference")
