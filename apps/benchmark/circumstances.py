"""The circumstances of a benchmark that must be alike for a fair comparison, and how two reports differ in them."""

from __future__ import annotations

from apps.benchmark.report import BenchmarkReport, TargetReport
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured

BUSY = 0.5
"""Load average per thread at the start from which a device counts as busy."""


def differences(first: BenchmarkReport, second: BenchmarkReport) -> list[str]:
    """One line for each circumstance in which `second` (B) differs from `first` (A), and for a device that was busy."""
    lines = _unlike(_of_report(first), _of_report(second))
    lines += [line for letter, report in (("A", first), ("B", second)) if (line := _busy(letter, report))]
    a, b = ({item.target: item for item in report.targets} for report in (first, second))
    of_targets = [line for name in a.keys() & b.keys() for line in _unlike(_of_target(a[name]), _of_target(b[name]))]
    return lines + sorted(of_targets)


def _of_report(report: BenchmarkReport) -> dict[str, object]:
    device, protocol, identity, workload = report.device, report.protocol, report.identity, report.workload
    return {
        "device: cpu": device.cpu,
        "device: isa": device.isa,
        "device: cores": device.cores,
        "device: threads": device.threads,
        "device: ram mb": device.ram_mb,
        "device: os": device.os,
        "device: kernel": device.kernel,
        "device: machine": device.machine,
        "device: governor": device.governor,
        "device: turbo": device.turbo,
        "device: power": device.power,
        "protocol: warmup": protocol.warmup,
        "protocol: samples": protocol.samples,
        "protocol: min seconds": protocol.min_seconds,
        "protocol: seed": protocol.seed,
        "protocol: threads": protocol.threads,
        "identity: sdk version": identity.sdk_version,
        "identity: variant": identity.variant,
        "identity: package name": identity.package_name,
        "identity: manifest sha256": identity.manifest_sha256,
        "workload: which": if_measured(workload, lambda group: group.which),
        "workload: volume shape dhw": if_measured(workload, lambda group: group.volume_shape_dhw),
        "workload: volume spacing mm xyz": if_measured(workload, lambda group: group.volume_spacing_mm_xyz),
        "workload: network spacing mm xyz": if_measured(workload, lambda group: group.network_spacing_mm_xyz),
        "workload: patch shape": if_measured(workload, lambda group: group.patch_shape),
    }


def _of_target(item: TargetReport) -> dict[str, object]:
    runtime = item.runtime
    return {
        f"{item.target}: version": if_measured(runtime, lambda group: group.version),
        f"{item.target}: precision": if_measured(runtime, lambda group: group.precision),
        f"{item.target}: threads": if_measured(runtime, lambda group: group.threads),
        f"{item.target}: device": if_measured(runtime, lambda group: group.device),
        f"{item.target}: cpus allowed": if_measured(runtime, lambda group: group.cpus_allowed),
        f"{item.target}: denormals": if_measured(runtime, lambda group: group.denormals),
    }


def _unlike(a: dict[str, object], b: dict[str, object]) -> list[str]:
    return [f"{name} differs: {_text(a[name])} in A, {_text(b[name])} in B" for name in a if a[name] != b[name]]


def _text(value: object) -> str:
    return f"unknown ({value.why})" if isinstance(value, NotMeasured) else str(value)


def _busy(letter: str, report: BenchmarkReport) -> str | None:
    load, threads = report.device.load_average_at_start, report.device.threads
    if isinstance(load, NotMeasured) or isinstance(threads, NotMeasured) or load[0] <= BUSY * threads:
        return None
    return f"device: {letter} was busy when its run began (load average {load[0]:.2f})"
