"""What a package's targets really execute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from apps.inspection.work import work_of
from edge_sdk.errors import TargetError

if TYPE_CHECKING:
    from edge_sdk.packages.package import Package
    from edge_sdk.session import ExecutedOperator

DELEGATE = "XNNPACK"


def executed_operators(package: Package, target: str | None, threads: int | None) -> dict[str, Any]:
    """What each installed target (or the named one) executes for the self-test patch: every operator, and their shares
    by precision and by kind of work.

    Raises:
        TargetError: The named target cannot run here, or none can.
    """
    found: dict[str, Any] = {}
    for name in [target] if target else package.targets:
        try:
            runtime = package.target(name)
        except TargetError as error:
            if target:
                raise
            found[name] = {"not_run": error.what}
            continue
        folder, precision = package.artifact(name, threads)
        operators = runtime.inspect(folder, package.selftest_vector.patch, precision=precision, threads=threads)
        total = total_milliseconds(operators)
        found[name] = {
            "operators": [{**asdict(item), "share": _share(item.milliseconds, total)} for item in operators],
            "by_precision": share_by_precision(operators),
            "by_work": share_by_work(operators),
            "delegated": delegated(operators),
        }
    if all("not_run" in entry for entry in found.values()):
        raise TargetError(
            "none of the package's targets can run here", where=package.source, remedy="see edge-sdk doctor"
        )
    return found


def share_by_precision(operators: list[ExecutedOperator]) -> list[dict[str, Any]]:
    """Operators, their share, milliseconds and share of the time, by precision; what takes most first.

    Times are None where the runtime does not time single operators.
    """
    return _shares(operators, "precision", lambda item: item.precision)


def share_by_work(operators: list[ExecutedOperator]) -> list[dict[str, Any]]:
    """As `share_by_precision`, by what is done: computing in INT8, in float, or only moving values (`work_of`)."""
    return _shares(operators, "work", work_of)


def delegated(operators: list[ExecutedOperator]) -> dict[str, Any] | None:
    """Share of the operators that ExecuTorch's delegate ran, and which it did not; None where none was delegated."""
    by_delegate = [item for item in operators if DELEGATE.lower() in item.kernel.lower()]
    if not by_delegate:
        return None
    return {
        "delegate": DELEGATE,
        "operators": len(by_delegate) / len(operators),
        "not_delegated": sorted({item.operator for item in operators if item not in by_delegate}) or "none",
    }


def total_milliseconds(operators: list[ExecutedOperator]) -> float | None:
    """Sum of the operators' times; None unless the runtime timed every one."""
    times = [item.milliseconds for item in operators if item.milliseconds is not None]
    return sum(times) if len(times) == len(operators) else None


def _shares(
    operators: list[ExecutedOperator], title: str, key: Callable[[ExecutedOperator], str]
) -> list[dict[str, Any]]:
    total = total_milliseconds(operators)
    rows = []
    for value in {key(item) for item in operators}:
        of_it = [item for item in operators if key(item) == value]
        spent = total_milliseconds(of_it)
        rows.append(
            {
                title: value,
                "operators": len(of_it),
                "share_of_operators": len(of_it) / len(operators),
                "ms": spent,
                "share_of_time": _share(spent, total),
            }
        )
    return sorted(rows, key=lambda row: (-(row["ms"] or 0.0), -row["operators"]))


def _share(part: float | None, total: float | None) -> float | None:
    return part / total if total and part is not None else None
