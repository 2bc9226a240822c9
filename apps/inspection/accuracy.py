"""A package's accuracy on labeled volumes, beside that of its FP32 reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_sdk.errors import PackageError
from edge_sdk.inference.accuracy import (
    THRESHOLD,
    Reference,
    compare_with_reference,
    recorded_cases,
    recorded_reference,
    score_cases,
)
from edge_sdk.inference.cases import Case, find_cases
from edge_sdk.metrics import Scores
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress


def measure_accuracy(
    package: Package,
    data: Path,
    reference: Path | None,
    target: str,
    threads: int | None,
    report: Progress,
    *,
    held_out: bool = False,
) -> dict[str, Any]:
    """Dice of a package and of its reference over the cases of a folder.

    Args:
        held_out: Only the cases that the package was judged on when it was made.

    Returns:
        dice, reference_dice (by class name, and "mean"), ratio, ci95, difference, difference_ci95, levels, passes,
        threshold, cases, accuracy_target, and where the reference comes from; null for what a missing reference leaves
        unknown.

    Raises:
        EdgeSdkError: The data, the reference package or the target cannot be used.
    """
    cases = held_out_cases(package, data, "reference_cases") if held_out else find_cases(data)
    with package.open(target, threads) as session:
        scores = score_cases(session, cases, progress=report)
        ran_on = session.target
    theirs, source, paired = reference_scores(package, reference, cases, target, threads, report)
    found = compare_with_reference(scores, theirs, paired=paired)
    names, compared = package.manifest.labels, found.compared
    return {
        "data": str(data),
        "cases": found.cases,
        "accuracy_target": ran_on,
        "dice": by_name(found.dice, found.mean, names),
        "reference": source,
        "reference_dice": by_name(found.reference_dice, found.reference_mean, names),
        "ratio": found.ratio,
        "ci95": None if found.ci95 is None else list(found.ci95),
        "difference": compared.difference if compared else None,
        "difference_ci95": list(compared.difference_ci95) if compared else None,
        "levels": compared.levels() if compared else None,
        "threshold": THRESHOLD,
        "passes": found.passes,
    }


def by_name(dice: Scores | None, mean: float | None, names: Mapping[int, str]) -> dict[str, float | None] | None:
    """Dice by class name, and "mean"."""
    return None if dice is None else {**{names[label]: value for label, value in dice.items()}, "mean": mean}


def held_out_cases(package: Package, data: Path, key: str) -> list[Case]:
    """The cases of a folder that the package was judged on when it was made: those under `key` of its metrics.

    Raises:
        PackageError: None of them is there, or the package recorded none.
    """
    recorded = recorded_cases(package.manifest, key)
    cases = [case for case in find_cases(data) if case.identity in recorded]
    if not cases:
        raise PackageError(
            f"recorded {len(recorded)} cases when it was made, and none of them is in {data}",
            where=package.source,
            remedy="give the data that the package was compressed with" if recorded else "export it again",
        )
    return cases


def sibling_reference(package: Path) -> Path | None:
    """The FP32 package beside an INT8 one, by name: "…-pruned-int8", "…-pruned-4x-int8" and "…-int8" have "…-fp32"."""
    if "int8" not in package.name:
        return None
    plain = package.with_name(package.name.replace("int8", "fp32"))
    unpruned = package.with_name(re.sub(r"-pruned(-\d+x)?", "", plain.name))
    return next((path for path in (plain, unpruned) if path.exists()), None)


def reference_scores(
    package: Package, given: Path | None, cases: list[Case], target: str, threads: int | None, report: Progress
) -> Reference:
    """The reference's scores on the same cases, and where they come from (or why there are none)."""
    path = given or sibling_reference(package.source)
    if path is not None:
        # FP32 agrees between runtimes to 1e-5, so a reference that lacks the target may run on another.
        with Package(path) as other, other.open(target if target in other.targets else "auto", threads) as session:
            return Reference(score_cases(session, cases, progress=report), f"{path} on {session.target}")
    recorded = recorded_reference(package.manifest, [case.identity for case in cases])
    return recorded or Reference(None, "no FP32 package lies beside it, and its manifest records no reference")
