"""Two reports side by side: ratios per target, and what makes them not comparable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from apps.benchmark.circumstances import differences
from apps.benchmark.comparison_groups import Comparison, ReportHead, TargetComparison
from apps.benchmark.report import BenchmarkReport, TargetReport
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured
from edge_sdk.metrics import FEWEST_FOR_INTERVAL

DRAWS = 2000
Shape = list[int] | NotMeasured


def compare_reports(first: BenchmarkReport, second: BenchmarkReport) -> Comparison:
    """Hold `second` (B) against `first` (A)."""
    a, b = ({item.target: item for item in report.targets} for report in (first, second))
    patches, volumes = _shapes(first, second)
    return Comparison(
        a=_head(first),
        b=_head(second),
        warnings=differences(first, second) or ["none: same device and settings"],
        targets=[_compare(name, a.get(name), b.get(name), patches, volumes) for name in {**a, **b}],
    )


def ratio_of_medians(
    numerator: ArrayLike, denominator: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, list[float] | None]:
    """The ratio of two medians, and its 95 % interval by a bootstrap of either side; None from few samples."""
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    ratio = float(np.median(top) / np.median(bottom))
    if min(top.size, bottom.size) < FEWEST_FOR_INTERVAL:
        return ratio, None
    generator = np.random.default_rng(seed)
    medians = [np.median(side[generator.integers(0, side.size, (draws, side.size))], axis=1) for side in (top, bottom)]
    low, high = np.percentile(medians[0] / medians[1], [2.5, 97.5])
    return ratio, [float(low), float(high)]


def _compare(
    name: str, a: TargetReport | None, b: TargetReport | None, patches: Sequence[Shape], volumes: Sequence[Shape]
) -> TargetComparison:
    if a is None or b is None:
        absent = NotMeasured(why=f"{name} is not in {'A' if a is None else 'B'}")
        return TargetComparison(
            target=name,
            status_a=_status(a),
            status_b=_status(b),
            median_ms_a=absent,
            median_ms_b=absent,
            speedup=absent,
            speedup_ci95=absent,
            volume_speedup=absent,
            memory_ratio=absent,
            bytes_ratio=absent,
            dice_difference=absent,
        )
    unlike_patches = _unlike("network inputs", patches)
    speedup, interval = (unlike_patches, unlike_patches) if unlike_patches else _speedup(a, b)
    memory_a, memory_b = (
        if_measured(item.memory, lambda memory: memory.inference_peak_above_baseline_mb) for item in (a, b)
    )
    return TargetComparison(
        target=name,
        status_a=_status(a),
        status_b=_status(b),
        median_ms_a=if_measured(a.latency, lambda latency: latency.p50),
        median_ms_b=if_measured(b.latency, lambda latency: latency.p50),
        speedup=speedup,
        speedup_ci95=interval,
        volume_speedup=_unlike("volumes", volumes) or unlike_patches or _ratio(_volume_ms(a), _volume_ms(b)),
        memory_ratio=_ratio(memory_b, memory_a),
        bytes_ratio=_ratio(b.package_bytes, a.package_bytes),
        dice_difference=_dice_difference(a, b),
    )


def _speedup(a: TargetReport, b: TargetReport) -> tuple[float | NotMeasured, list[float] | NotMeasured]:
    if isinstance(a.latency, NotMeasured):
        return a.latency, a.latency
    if isinstance(b.latency, NotMeasured):
        return b.latency, b.latency
    speedup, interval = ratio_of_medians(a.latency.samples, b.latency.samples)
    few = NotMeasured(why=f"fewer than {FEWEST_FOR_INTERVAL} inferences in A or in B")
    return speedup, few if interval is None else interval


def _volume_ms(item: TargetReport) -> float | NotMeasured:
    volume = if_measured(item.end_to_end, lambda group: group.volume_ms)
    return if_measured(volume, lambda statistics: statistics.p50)


def _dice_difference(a: TargetReport, b: TargetReport) -> float | NotMeasured:
    """Mean Dice of B minus that of A, where both saw the same cases."""
    if isinstance(a.accuracy, NotMeasured):
        return a.accuracy
    if isinstance(b.accuracy, NotMeasured):
        return b.accuracy
    if set(a.accuracy.dice_by_case) != set(b.accuracy.dice_by_case):
        return NotMeasured(why="the two saw different cases")
    mean_a = a.accuracy.mean_dice
    return if_measured(b.accuracy.mean_dice, lambda mean_b: if_measured(mean_a, lambda mean: mean_b - mean))


def _ratio(top: float | NotMeasured, bottom: float | NotMeasured) -> float | NotMeasured:
    if isinstance(top, NotMeasured):
        return top
    if isinstance(bottom, NotMeasured):
        return bottom
    return top / bottom if bottom > 0 else NotMeasured(why="the value to compare with is 0")


def _shapes(first: BenchmarkReport, second: BenchmarkReport) -> tuple[list[Shape], list[Shape]]:
    """Shapes of the network's input and of the volume, in A and in B."""
    workloads = [report.workload for report in (first, second)]
    return (
        [if_measured(workload, lambda group: group.patch_shape) for workload in workloads],
        [if_measured(workload, lambda group: group.volume_shape_dhw) for workload in workloads],
    )


def _unlike(what: str, shapes: Sequence[Shape]) -> NotMeasured | None:
    """Why two shapes forbid a ratio; None where they do not."""
    a, b = shapes
    if isinstance(a, NotMeasured) or isinstance(b, NotMeasured) or a == b:
        return None
    return NotMeasured(why=f"not comparable: the {what} have shapes {a} in A and {b} in B")


def _status(item: TargetReport | None) -> str | NotMeasured:
    return NotMeasured(why="not in this report") if item is None else f"{item.status.state}: {item.status.why}"


def _head(report: BenchmarkReport) -> ReportHead:
    identity = report.identity
    return ReportHead(
        package_name=identity.package_name,
        written_utc=identity.written_utc,
        sdk_version=identity.sdk_version,
        cpu=report.device.cpu,
    )
