"""A package's accuracy on every runtime that is installed, beside that of the graph that all of them were made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apps.inspection.accuracy import by_name, held_out_cases
from edge_sdk.errors import TargetError
from edge_sdk.inference.accuracy import compare_with_reference, recorded_cases, score_cases
from edge_sdk.metrics import Scores
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress

BOUND = 0.002
"""Largest |mean Dice of a runtime - mean Dice of the graph|."""


def measure_every_target(package: Package, data: Path, threads: int | None, report: Progress) -> dict[str, Any]:
    """Dice of each target over the held-out cases, against the fake-quantized (or FP32) graph's on the same cases.

    Returns:
        graph_dice (by class name, and "mean"), cases, bound, passes, and accuracy_by_target: for each target its dice,
        the difference of the means, the largest difference of a class's mean and of a case's mean, ratio and ci95
        against the published FP32 form, and the verdict; null for targets that do not run here, with why.

    Raises:
        PackageError: The manifest recorded none of the cases in the folder.
        TargetError: No target can run here.
        EdgeSdkError: The data cannot be used.
    """
    cases = held_out_cases(package, data, "graph_cases")
    names = package.manifest.labels
    recorded = {key: recorded_cases(package.manifest, key) for key in ("graph_cases", "reference_cases")}
    graph = {case.identity: recorded["graph_cases"][case.identity] for case in cases}
    published = recorded["reference_cases"] if set(graph) <= set(recorded["reference_cases"]) else None
    plain = compare_with_reference(graph, None)
    rows: list[dict[str, Any]] = []
    for name in package.targets:
        try:
            package.target(name)
        except TargetError as error:
            absent = dict.fromkeys(("dice", "difference", "class_difference", "case_difference", "ratio", "ci95"))
            rows.append({"target": name, **absent, "verdict": "not run", "why": error.what})
            continue
        with package.open(name, threads, even_if_wrong=True) as session:
            scores = score_cases(session, cases, progress=report)
        found = compare_with_reference(scores, graph)
        beside_fp32 = compare_with_reference(scores, published)
        difference = found.mean - plain.mean
        rows.append(
            {
                "target": name,
                "dice": by_name(found.dice, found.mean, names),
                "difference": difference,
                "class_difference": _largest(found.dice, plain.dice),
                "case_difference": max(_largest(scores[case], graph[case]) for case in graph),
                "ratio": beside_fp32.ratio,
                "ci95": None if beside_fp32.ci95 is None else list(beside_fp32.ci95),
                "verdict": "passed" if abs(difference) <= BOUND else "failed",
                "why": None,
            }
        )
    if all(row["verdict"] == "not run" for row in rows):
        why = "; ".join(row["why"] for row in rows)
        raise TargetError(f"no target can run here ({why})", where=package.source, remedy="see edge-sdk doctor")
    return {
        "data": str(data),
        "cases": len(cases),
        "graph_dice": by_name(plain.dice, plain.mean, names),
        "bound": BOUND,
        "accuracy_by_target": rows,
        "passes": all(row["verdict"] != "failed" for row in rows),
    }


def _largest(one: Scores, two: Scores) -> float:
    """Largest |difference| of a class; a network that rightly saw nothing has a Dice of 1 beside the other's 0."""
    pairs = [(one.get(label), two.get(label)) for label in one]
    return max((abs((1.0 if a is None else a) - (1.0 if b is None else b)) for a, b in pairs), default=0.0)
