"""Two reports side by side: ratios per target, and what makes them not comparable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from apps.report.html import is_measured, not_measured

SCHEMA = 1
DRAWS = 2000
_CIRCUMSTANCES = {
    "device": ("cpu", "isa", "cores", "threads", "ram_mb", "os", "kernel", "machine", "governor", "turbo", "power"),
    "protocol": ("warmup", "samples", "min_seconds", "seed", "threads"),
    "identity": ("sdk_version", "variant", "package_name", "manifest_sha256"),
    "workload": ("which", "volume_shape_dhw", "volume_spacing_mm_xyz", "network_spacing_mm_xyz", "patch_shape"),
}
_RUNTIME = ("version", "precision", "threads", "device", "cpus_allowed", "denormals")
BUSY = 0.5
"""Load average per thread at the start from which a device counts as busy."""


def compare_reports(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Hold `second` (B) against `first` (A).

    Returns:
        "warnings", and per target both medians and their ratio with an interval; every field is a value, or
        {"value": null, "why": …}.
    """
    names = [item["target"] for item in first["targets"]]
    names += [item["target"] for item in second["targets"] if item["target"] not in names]
    a, b = ({item["target"]: item for item in report["targets"]} for report in (first, second))
    shapes = [_field(report, "workload", "patch_shape") for report in (first, second)]
    volumes = [_field(report, "workload", "volume_shape_dhw") for report in (first, second)]
    return {
        "kind": "edge-sdk benchmark comparison",
        "schema": SCHEMA,
        "a": _head(first),
        "b": _head(second),
        "warnings": [*_differences(first, second), *_runtime_differences(a, b)] or ["none: same device and settings"],
        "targets": [_compare(name, a.get(name), b.get(name), shapes, volumes) for name in names],
    }


def ratio_of_medians(
    numerator: ArrayLike, denominator: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, list[float]]:
    """The ratio of two medians, and its 95 % interval by a bootstrap of either side."""
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    generator = np.random.default_rng(seed)
    medians = [np.median(side[generator.integers(0, side.size, (draws, side.size))], axis=1) for side in (top, bottom)]
    low, high = np.percentile(medians[0] / medians[1], [2.5, 97.5])
    return float(np.median(top) / np.median(bottom)), [float(low), float(high)]


def _compare(name: str, a: Any, b: Any, shapes: list[Any], volumes: list[Any]) -> dict[str, Any]:
    absent = not_measured(f"{name} is not in {'A' if a is None else 'B'}")
    row: dict[str, Any] = {"target": name, "status_a": _status(a), "status_b": _status(b)}
    keys = ("median_ms_a", "median_ms_b", "speedup", "speedup_ci95")
    more = ("volume_speedup", "memory_ratio", "bytes_ratio", "dice_difference")
    if a is None or b is None:
        return {**row, **dict.fromkeys((*keys, *more), absent)}
    latencies = [item["latency"] for item in (a, b)]
    row["median_ms_a"], row["median_ms_b"] = (_field({"l": each}, "l", "p50") for each in latencies)
    if unlike := _unlike("network inputs", shapes):
        row["speedup"] = row["speedup_ci95"] = not_measured(unlike)
    elif gone := next((each for each in latencies if not is_measured(each)), None):
        row["speedup"] = row["speedup_ci95"] = not_measured(gone["why"])
    else:
        row["speedup"], row["speedup_ci95"] = ratio_of_medians(*(each["samples"] for each in latencies))
    unlike_volumes = _unlike("volumes", volumes) or _unlike("network inputs", shapes)
    row["volume_speedup"] = (
        not_measured(unlike_volumes) if unlike_volumes else _ratio(a, b, "end_to_end", "volume_ms", "p50")
    )
    row["memory_ratio"] = _ratio(b, a, "memory", "inference_peak_above_baseline_mb")
    row["bytes_ratio"] = _ratio(b, a, "package_bytes")
    row["dice_difference"] = _dice_difference(a, b)
    return row


def _dice_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> Any:
    """Mean Dice of B minus that of A, where both saw the same cases."""
    for item in (a, b):
        if not is_measured(item["accuracy"]):
            return not_measured(item["accuracy"]["why"])
    if set(a["accuracy"]["dice_by_case"]) != set(b["accuracy"]["dice_by_case"]):
        return not_measured("the two saw different cases")
    return b["accuracy"]["dice"]["mean"] - a["accuracy"]["dice"]["mean"]


def _ratio(top: Mapping[str, Any], bottom: Mapping[str, Any], *path: str) -> Any:
    values = [_field(item, *path) for item in (top, bottom)]
    if gone := next((value for value in values if not is_measured(value)), None):
        return gone
    return values[0] / values[1] if values[1] > 0 else not_measured("the value to compare with is 0")


def _unlike(what: str, values: list[Any]) -> str | None:
    if all(is_measured(value) for value in values) and values[0] != values[1]:
        return f"not comparable: the {what} have shapes {values[0]} in A and {values[1]} in B"
    return None


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """One line for every circumstance that is not the same, and for a busy device."""
    found = []
    for group, names in _CIRCUMSTANCES.items():
        for name in names:
            found += _difference(f"{group}: {name}", *(_field(report, group, name) for report in (first, second)))
    for letter, report in (("A", first), ("B", second)):
        load, threads = (_field(report, "device", name) for name in ("load_average_at_start", "threads"))
        if is_measured(load) and is_measured(threads) and load[0] > BUSY * threads:
            found.append(f"device: {letter} was busy when its run began (load average {load[0]:.2f})")
    return found


def _runtime_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    found = []
    for target in a.keys() & b.keys():
        for name in _RUNTIME:
            values = [_field(side[target], "runtime", name) for side in (a, b)]
            found += _difference(f"{target}: {name}", *values)
    return sorted(found)


def _difference(what: str, a: Any, b: Any) -> list[str]:
    if a == b:
        return []
    said = [value if is_measured(value) else f"unknown ({value['why']})" for value in (a, b)]
    return [f"{what.replace('_', ' ')} differs: {said[0]} in A, {said[1]} in B"]


def _field(report: Mapping[str, Any], *path: str) -> Any:
    """The field of this path; where it or a group around it is absent, the reason."""
    value: Any = report
    for name in path:
        value = value.get(name, not_measured(f"the report has no {name}"))
        if not is_measured(value):
            return value
    return value


def _status(item: Any) -> Any:
    return not_measured("not in this report") if item is None else f"{item['status']['state']}: {item['status']['why']}"


def _head(report: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: _field(report, "identity", name) for name in ("package_name", "written_utc", "sdk_version")}
    return {**kept, "cpu": _field(report, "device", "cpu")}
