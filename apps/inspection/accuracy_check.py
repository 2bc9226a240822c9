"""A package's accuracy on labeled volumes, beside that of its FP32 reference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_sdk.errors import PackageError
from edge_sdk.inference.accuracy import (
    THRESHOLD,
    Accuracy,
    Reference,
    compare_with_reference,
    recorded_cases,
    recorded_reference,
    recorded_scores,
    score_cases,
)
from edge_sdk.inference.cases import Case, find_cases
from edge_sdk.metrics import Scores, no_interval
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress

DiceByName = dict[str, float | None]
"""Class name → Dice; "mean" → their mean."""


@dataclass(frozen=True)
class AccuracyCheck:
    """Dice of a package and of its reference over the cases of a folder; None for what is not known without one.

    Attributes:
        data: The folder.
        cases: How many cases were judged.
        accuracy_target: Target that segmented them.
        dice: Dice of the package's masks.
        reference: Where the reference's Dice comes from, or why there is none.
        reference_dice: Dice of the reference's masks.
        ratio, ci95: Share of the reference's Dice that the package keeps, with its 95 % interval.
        difference, difference_ci95: Package minus reference, with its 95 % interval.
        no_interval: Why there are no intervals; None where there are some.
        levels: Level of `edge_sdk.metrics.QUALITY_LEVELS` → whether the ratio, and its whole interval, reach it.
        threshold: Least ratio.
        passes: Whether the ratio is at least `threshold`.
    """

    data: str
    cases: int
    accuracy_target: str
    dice: DiceByName
    reference: str
    reference_dice: DiceByName | None
    ratio: float | None
    ci95: list[float] | None
    difference: float | None
    difference_ci95: list[float] | None
    no_interval: str | None
    levels: dict[str, dict[str, bool | None]] | None
    threshold: float
    passes: bool | None

    def as_json(self) -> dict[str, object]:
        """As `verify --json` prints it."""
        return asdict(self)

    def failure(self, package: Path) -> PackageError:
        """What to raise where the check does not pass."""
        if self.ratio is None:
            return PackageError(
                f"its accuracy cannot be judged: {self.reference}",
                where=package,
                remedy="give the FP32 package with --reference",
            )
        return PackageError(
            f"keeps {100 * self.ratio:.2f} % of the FP32 Dice, at least {100 * self.threshold:.0f} % expected",
            where=package,
            remedy="compress it again with more training, or ship FP32",
        )


def check_accuracy(
    package: Package,
    data: Path,
    reference: Path | None,
    target: str,
    threads: int | None,
    report: Progress,
    *,
    held_out: bool = False,
) -> AccuracyCheck:
    """Segment the cases of a folder with a package and with its reference, and compare their Dice.

    Args:
        package: What is checked.
        data: Folder of labeled volumes.
        reference: FP32 package; None for the one beside the package, else the manifest's record.
        target: Name of the target, or "auto".
        threads: For the runtime; None leaves it to the runtime.
        report: Follows the work.
        held_out: Only the cases that the package was judged on when it was made.

    Raises:
        EdgeSdkError: The data, the reference package or the target cannot be used.
    """
    cases = held_out_cases(package, data, "reference_cases") if held_out else find_cases(data)
    with package.open(target, threads) as session:
        scores = score_cases(session, cases, progress=report)
        used_target = session.target
    theirs = reference_scores(package, reference, cases, target, threads, report)
    found = compare_with_reference(scores, theirs.scores, paired=theirs.paired)
    names, compared = package.manifest.labels, found.compared
    return AccuracyCheck(
        data=str(data),
        cases=found.cases,
        accuracy_target=used_target,
        dice=dice_by_name(found.dice, found.mean, names),
        reference=theirs.source,
        reference_dice=_reference_dice(found, names),
        ratio=found.ratio,
        ci95=None if found.ci95 is None else list(found.ci95),
        difference=compared.difference if compared else None,
        difference_ci95=list(compared.difference_ci95) if compared and compared.difference_ci95 else None,
        no_interval=no_interval(compared.cases) if compared else "there is no reference to compare with",
        levels=compared.levels() if compared else None,
        threshold=THRESHOLD,
        passes=found.passes,
    )


def dice_by_name(dice: Scores, mean: float | None, names: Mapping[int, str]) -> DiceByName:
    """Dice by class name, and "mean".

    Args:
        dice: By class number.
        mean: Over the classes but the background.
        names: Class number → name.
    """
    return {**{names[label]: value for label, value in dice.items()}, "mean": mean}


def _reference_dice(found: Accuracy, names: Mapping[int, str]) -> DiceByName | None:
    dice, mean = found.reference_dice, found.reference_mean
    return None if dice is None else dice_by_name(dice, mean, names)


def held_out_cases(package: Package, data: Path, key: str) -> list[Case]:
    """The cases of a folder that the package was judged on when it was made: those under `key` of its metrics.

    Raises:
        PackageError: None of them is there, or the package recorded none.
    """
    every = find_cases(data)
    these = recorded_scores(package.manifest, key, every)
    if not these:
        recorded = recorded_cases(package.manifest, key)
        raise PackageError(
            f"recorded {len(recorded)} cases when it was made, and none of them is in {data}",
            where=package.source,
            remedy="give the data that the package was compressed with" if recorded else "export it again",
        )
    return [case for case in every if case.identity in these]


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
    recorded = recorded_reference(package.manifest, cases)
    return recorded or Reference(None, "no FP32 package lies beside it, and its manifest records no reference")
