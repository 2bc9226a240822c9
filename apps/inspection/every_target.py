"""A package's accuracy on every runtime that is installed, beside that of the graph that all of them were made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from apps.inspection.accuracy_check import DiceByName, dice_by_name, held_out_cases
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.inference.accuracy import CaseScores, compare_with_reference, recorded_scores, score_cases
from edge_sdk.inference.cases import Case
from edge_sdk.metrics import Scores
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress

BOUND = 0.002
"""Largest |mean Dice of a runtime - mean Dice of the graph|."""


@dataclass(frozen=True)
class TargetAccuracy:
    """Dice of one target beside the graph's; None for what is not known of a target that does not run here.

    Attributes:
        target: Its name.
        dice: Mean Dice of the target's masks.
        difference: Mean Dice of the target minus that of the graph.
        class_difference: Largest difference of a class's mean.
        case_difference: Largest difference of a class in one case.
        ratio, ci95: Share of the published FP32 form's Dice, with its 95 % interval.
        verdict: "failed" where the means differ by more than `BOUND`.
        why: Why it was not run.
    """

    target: str
    dice: DiceByName | None
    difference: float | None
    class_difference: float | None
    case_difference: float | None
    ratio: float | None
    ci95: list[float] | None
    verdict: Literal["passed", "failed", "not run"]
    why: str | None

    @classmethod
    def not_run(cls, target: str, why: str) -> TargetAccuracy:
        """A target that does not run here."""
        return cls(target, None, None, None, None, None, None, "not run", why)


@dataclass(frozen=True)
class EveryTargetCheck:
    """Dice of each target over the held-out cases, beside that of the graph that they were exported from.

    Attributes:
        data: The folder.
        cases: How many cases were judged.
        graph_dice: Mean Dice of the fake-quantized (or FP32) graph's masks.
        bound: Largest allowed difference of the means.
        accuracy_by_target: The targets.
        passes: Whether none failed.
    """

    data: str
    cases: int
    graph_dice: DiceByName
    bound: float
    accuracy_by_target: list[TargetAccuracy]
    passes: bool

    def as_json(self) -> dict[str, object]:
        """As `verify --every-target --json` prints it."""
        return asdict(self)

    def failure(self, package: Path) -> PackageError:
        """What to raise where the check does not pass."""
        failed = [row for row in self.accuracy_by_target if row.verdict == "failed"]
        differences = ", ".join(f"{row.target} {row.difference:+.4f}" for row in failed)
        return PackageError(
            f"its mean Dice differs from its graph's by more than {self.bound:g}: {differences}",
            where=package,
            remedy="do not use it there, or compress with weight_limit = 63",
        )


def check_every_target(package: Package, data: Path, threads: int | None, report: Progress) -> EveryTargetCheck:
    """Segment the held-out cases with each target, and compare its Dice with the graph's on the same cases.

    Args:
        package: What is checked.
        data: Folder of labeled volumes.
        threads: For the runtimes; None leaves it to them.
        report: Follows the work.

    Raises:
        PackageError: The manifest recorded none of the cases in the folder.
        TargetError: No target can run here.
        EdgeSdkError: The data cannot be used.
    """
    cases = held_out_cases(package, data, "graph_cases")
    graph = recorded_scores(package.manifest, "graph_cases", cases)
    plain = compare_with_reference(graph, None)
    rows = [_target_accuracy(package, name, cases, graph, threads, report) for name in package.targets]
    if all(row.verdict == "not run" for row in rows):
        why = "; ".join(row.why or "" for row in rows)
        raise TargetError(f"no target can run here ({why})", where=package.source, remedy="see edge-sdk doctor")
    return EveryTargetCheck(
        data=str(data),
        cases=len(cases),
        graph_dice=dice_by_name(plain.dice, plain.mean, package.manifest.labels),
        bound=BOUND,
        accuracy_by_target=rows,
        passes=all(row.verdict != "failed" for row in rows),
    )


def _target_accuracy(
    package: Package, name: str, cases: list[Case], graph: CaseScores, threads: int | None, report: Progress
) -> TargetAccuracy:
    try:
        package.target(name)
    except TargetError as error:
        return TargetAccuracy.not_run(name, error.what)
    with package.open(name, threads, even_if_wrong=True) as session:
        scores = score_cases(session, cases, progress=report)
    published = recorded_scores(package.manifest, "reference_cases", cases)
    plain, found = compare_with_reference(graph, None), compare_with_reference(scores, graph)
    beside_fp32 = compare_with_reference(scores, published if set(graph) <= set(published) else None)
    difference = found.mean - plain.mean
    return TargetAccuracy(
        target=name,
        dice=dice_by_name(found.dice, found.mean, package.manifest.labels),
        difference=difference,
        class_difference=_largest(found.dice, plain.dice),
        case_difference=max(_largest(scores[case], graph[case]) for case in graph),
        ratio=beside_fp32.ratio,
        ci95=None if beside_fp32.ci95 is None else list(beside_fp32.ci95),
        verdict="passed" if abs(difference) <= BOUND else "failed",
        why=None,
    )


def _largest(one: Scores, two: Scores) -> float:
    """Largest |difference| of a class; a network that rightly saw nothing has a Dice of 1 beside the other's 0."""
    pairs = [(one.get(label), two.get(label)) for label in one]
    return max((abs((1.0 if a is None else a) - (1.0 if b is None else b)) for a, b in pairs), default=0.0)
