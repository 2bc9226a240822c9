"""A package's cost on this machine: what each stage asks for, the least time for it, and the time it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from apps.inspection.peaks import Peaks, measure_peaks
from apps.package_graph import HOLDER, graph_of
from edge_sdk.latency import median_ms
from edge_sdk.packages.package import Package
from edge_sdk.session import ExecutedOperator
from targets.lowering.cost import Cost, operator_costs, stage_of

TOTAL, OTHER = "all", "not of a stage"
RUNS = 9


def cost_of(package: Package, target: str, threads: int | None) -> dict[str, Any]:
    """The cost model of a package on a target.

    Returns:
        peaks: What the machine does at most; stages: a row for each stage, "not of a stage" for executed operators
        whose stage is unknown, and "all". Their measured_ms are the runtime's own times of its operators, null where
        it has none; measured_ms of "all" is the median latency of a session.

    Raises:
        TargetError: The target cannot run here, or the package holds no OpenVINO model to read the network from.
    """
    runtime = package.target(target)
    folder, precision = package.artifact(target, threads)
    graph = graph_of(package, folder if target == HOLDER else None)
    costs = operator_costs(graph, package.manifest.patch)
    patch = package.selftest_vector.patch
    executed = runtime.inspect(folder, patch, precision=precision, threads=threads)
    peaks = measure_peaks(threads)
    rows = stage_rows(costs, peaks, measured_by_stage(executed, {cost.stage for cost in costs}))
    return {
        "target": target,
        "patch": list(package.manifest.patch),
        "peaks": asdict(peaks),
        "stages": [*rows, _total(rows, _latency(package, target, threads))],
    }


def measured_by_stage(executed: Iterable[ExecutedOperator], stages: set[str]) -> Mapping[str, float] | None:
    """Milliseconds by stage, with those of operators that belong to none; None where the runtime does not tell."""
    found: dict[str, float] = defaultdict(float)
    for operator in executed:
        if operator.milliseconds is None:
            return None
        stage = stage_of(operator.name)
        found[stage if stage in stages else OTHER] += operator.milliseconds
    return found


def stage_rows(costs: Iterable[Cost], peaks: Peaks, measured: Mapping[str, float] | None) -> list[dict[str, Any]]:
    """A row for each stage: each of its operators takes at least the longer of multiplying and moving."""
    stages: dict[str, list[Cost]] = defaultdict(list)
    for cost in costs:
        stages[cost.stage].append(cost)
    rows = []
    for stage, members in stages.items():
        times = [peaks.seconds(cost.macs, cost.moved_bytes, integer=cost.integer) for cost in members]
        multiplying, moving = (sum(each) for each in zip(*times, strict=True))
        rows.append(
            _row(
                stage,
                sum(cost.macs for cost in members),
                sum(cost.moved_bytes for cost in members),
                1000 * sum(map(max, times)),
                "multiplying" if multiplying > moving else "moving",
                None if measured is None else measured.get(stage, 0.0),
            )
        )
    if measured and measured.get(OTHER):
        rows.append(_row(OTHER, 0, 0, 0.0, None, measured[OTHER]))
    return rows


def _total(rows: list[dict[str, Any]], latency_ms: float) -> dict[str, Any]:
    sums = {key: sum(row[key] for row in rows) for key in ("macs", "moved_bytes", "least_ms")}
    return _row(TOTAL, sums["macs"], sums["moved_bytes"], sums["least_ms"], None, latency_ms)


def _row(
    stage: str, macs: int, moved_bytes: int, least_ms: float, bound_by: str | None, measured_ms: float | None
) -> dict[str, Any]:
    return {
        "stage": stage,
        "macs": macs,
        "moved_bytes": moved_bytes,
        "least_ms": least_ms,
        "bound_by": bound_by,
        "measured_ms": measured_ms,
        "share": least_ms / measured_ms if measured_ms else None,
    }


def _latency(package: Package, target: str, threads: int | None) -> float:
    patch = package.selftest_vector.patch
    with package.open(target, threads) as session:
        session.infer(patch)
        return median_ms(session, patch, RUNS)
