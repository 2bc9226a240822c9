"""A package's cost on this machine: what each stage asks for, the least time for it, and the time it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from apps.inspection.peaks import Peaks, measure_peaks
from apps.package_graph import HOLDER, graph_of
from edge_sdk.latency import median_ms
from edge_sdk.packages.package import Package
from edge_sdk.session import ExecutedOperator
from targets.lowering.cost import Cost, operator_costs, stage_of

TOTAL, OTHER = "all", "not of a stage"
RUNS = 9


@dataclass(frozen=True)
class StageCost:
    """What a stage of a network asks for, and the time that it takes.

    Attributes:
        stage: Its name; `OTHER` for executed operators whose stage is unknown; `TOTAL` for all.
        macs: Multiply-accumulates.
        moved_bytes: Bytes read and written.
        least_ms: Least time for them on this machine.
        bound_by: What takes most of the least time; None for `OTHER` and `TOTAL`.
        measured_ms: The runtime's own time of its operators; of `TOTAL`, the median latency of a session. None where
            the runtime does not time single operators.
        share: `least_ms` of `measured_ms`; None where nothing was measured.
    """

    stage: str
    macs: int
    moved_bytes: int
    least_ms: float
    bound_by: Literal["multiplying", "moving"] | None
    measured_ms: float | None
    share: float | None


@dataclass(frozen=True)
class PackageCost:
    """The cost model of a package on a target.

    Attributes:
        target: Its name.
        patch: (D, H, W) of the network's input.
        peaks: What the machine does at most.
        stages: The stages, then `OTHER` where there is any, then `TOTAL`.
    """

    target: str
    patch: tuple[int, int, int]
    peaks: Peaks
    stages: list[StageCost]

    def as_json(self) -> dict[str, object]:
        """As `cost --json` prints it."""
        return asdict(self)


def cost_of(package: Package, target: str, threads: int | None) -> PackageCost:
    """The cost model of a package on a target.

    Args:
        package: What is measured.
        target: Name of the target.
        threads: For the runtime; None leaves it to the runtime.

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
    rows.append(_total(rows, _latency(package, target, threads)))
    return PackageCost(target, package.manifest.patch, peaks, rows)


def measured_by_stage(executed: Iterable[ExecutedOperator], stages: set[str]) -> Mapping[str, float] | None:
    """Milliseconds by stage, with those of operators that belong to none; None where the runtime does not time them."""
    found: dict[str, float] = defaultdict(float)
    for operator in executed:
        if operator.milliseconds is None:
            return None
        stage = stage_of(operator.name)
        found[stage if stage in stages else OTHER] += operator.milliseconds
    return found


def stage_rows(costs: Iterable[Cost], peaks: Peaks, measured: Mapping[str, float] | None) -> list[StageCost]:
    """A row for each stage: each of its operators takes at least the longer of multiplying and moving.

    Args:
        costs: Cost of every operator.
        peaks: What the machine does at most.
        measured: Milliseconds by stage; None where they are not known.
    """
    stages: dict[str, list[Cost]] = defaultdict(list)
    for cost in costs:
        stages[cost.stage].append(cost)
    rows = []
    for stage, members in stages.items():
        times = [peaks.seconds(cost.macs, cost.moved_bytes, integer=cost.integer) for cost in members]
        multiplying, moving = (sum(each) for each in zip(*times, strict=True))
        least_ms = 1000 * sum(map(max, times))
        measured_ms = None if measured is None else measured.get(stage, 0.0)
        rows.append(
            StageCost(
                stage=stage,
                macs=sum(cost.macs for cost in members),
                moved_bytes=sum(cost.moved_bytes for cost in members),
                least_ms=least_ms,
                bound_by="multiplying" if multiplying > moving else "moving",
                measured_ms=measured_ms,
                share=_share(least_ms, measured_ms),
            )
        )
    if measured and measured.get(OTHER):
        rows.append(StageCost(OTHER, 0, 0, 0.0, None, measured[OTHER], _share(0.0, measured[OTHER])))
    return rows


def _total(rows: Sequence[StageCost], latency_ms: float) -> StageCost:
    least_ms = sum(row.least_ms for row in rows)
    return StageCost(
        stage=TOTAL,
        macs=sum(row.macs for row in rows),
        moved_bytes=sum(row.moved_bytes for row in rows),
        least_ms=least_ms,
        bound_by=None,
        measured_ms=latency_ms,
        share=_share(least_ms, latency_ms),
    )


def _share(least_ms: float, measured_ms: float | None) -> float | None:
    return least_ms / measured_ms if measured_ms else None


def _latency(package: Package, target: str, threads: int | None) -> float:
    patch = package.selftest_vector.patch
    with package.open(target, threads) as session:
        session.infer(patch)
        return median_ms(session, patch, RUNS)
