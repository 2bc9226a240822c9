"""What a target really executed, and how far it is from the reference."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apps.inspection.executed import delegated, share_by_precision, share_by_work, total_milliseconds
from apps.report.html import not_measured
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import SelfTestResult, run_selftest
from edge_sdk.packages.session import PackageSession
from edge_sdk.session import runtime_of

SLOWEST = 10


def executed(package: Package, target: str, threads: int | None) -> dict[str, Any]:
    """The group "operators": every operator's kernel, precision and time in one profiled run.

    Raises:
        EdgeSdkError: The target cannot profile here.
    """
    folder, precision = package.artifact(target, threads)
    operators = package.target(target).inspect(
        folder, package.selftest_vector.patch, precision=precision, threads=threads
    )
    if not operators:
        return not_measured("the runtime reported no operator")
    total = total_milliseconds(operators)
    untimed = not_measured("the runtime does not time single operators")
    rows = [_said(asdict(item), untimed) for item in operators]
    return {
        "count": len(operators),
        "profiled_ms": total if total else untimed,
        "by_precision": [_said(row, untimed) for row in share_by_precision(operators)],
        "by_work": [_said(row, untimed) for row in share_by_work(operators)],
        "delegated_share": delegated(operators)
        or not_measured("this runtime has no delegates: its own kernels run every operator"),
        "slowest": sorted(rows, key=lambda row: -row["milliseconds"])[:SLOWEST] if total else untimed,
        "executed": rows,
    }


def engine_error(package: Package, session: PackageSession) -> tuple[dict[str, Any], str | None]:
    """The group "engine_error", and what is wrong if the target fails the package's self-test."""
    found = run_selftest(package.selftest_vector, session, package.manifest.precision[runtime_of(session.target)])
    problem = _problem(found)
    if found.max_error is None:
        return not_measured(problem or "the self-test gave no number"), problem
    return {
        "against": "the package's self-test: logits of the fake-quantized (INT8) or float (FP32) reference",
        "max_error": found.max_error,
        "mean_error": found.mean_error,
        "class_change_share": found.class_change,
        "bound": found.bound,
        "passes": found.passes,
    }, problem


def _problem(found: SelfTestResult) -> str | None:
    if found.passes:
        return None
    return found.problem or f"self-test: largest error {found.max_error:.4g}, at most {found.bound:.4g} allowed"


def _said(row: dict[str, Any], untimed: dict[str, Any]) -> dict[str, Any]:
    """The row with the reason in place of what is None."""
    return {key: untimed if value is None else value for key, value in row.items()}
