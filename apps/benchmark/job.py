"""The whole benchmark of a package: workload, every target, report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from apps.benchmark.identity import device, identity, target_bytes
from apps.benchmark.protocol import MeasurementProtocol
from apps.benchmark.report import BenchmarkReport, RunStatus, State, TargetReport
from apps.benchmark.runner import run_in_process
from apps.benchmark.shared_groups import WorkloadGroup
from apps.benchmark.target_job import TargetJob, VolumeFile
from apps.benchmark.workload import make_workload
from apps.orientation_warnings import case_warnings
from apps.report.measured import NotMeasured
from apps.sweep_warnings import warn
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.inference.cases import find_cases
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress
from edge_sdk.session import runtime_of

RunTarget = Callable[[TargetJob, Progress], TargetReport]
_STATES: tuple[State, ...] = ("ok", "failed", "skipped")


def benchmark(
    path: Path,
    target: str,
    protocol: MeasurementProtocol,
    *,
    data: Path | None = None,
    progress: Progress,
    run_target: RunTarget = run_in_process,
) -> BenchmarkReport:
    """Measure one target of a package or all of them.

    Args:
        path: The package.
        target: A name, or "all".
        protocol: How latency is measured.
        data: Labeled volumes: then the first of them is the workload, and the accuracy is measured on all.
        progress: Follows the work.
        run_target: Measures one target.

    Raises:
        EdgeSdkError: The package or the data cannot be used, or the package lacks the target.
    """
    with Package(path) as package, tempfile.TemporaryDirectory(prefix="edge-sdk-benchmark-") as scratch:
        names = _targets(package, target)
        if data is not None:
            warn(case_warnings(find_cases(data), package.manifest))
        identity_group, device_group = identity(package, protocol.seed), device()
        workload, volume = _workload(package, data, protocol.seed, Path(scratch))
        targets = []
        for name in names:
            job = TargetJob(
                package=str(path.resolve()),
                package_bytes=target_bytes(package, name),
                target=name,
                protocol=protocol,
                volume=volume,
                data=None if data is None else str(data.resolve()),
            )
            targets.append(_measure(package, job, progress, run_target))
    return BenchmarkReport(
        identity=identity_group,
        device=device_group,
        protocol=protocol.group(),
        workload=workload,
        targets=targets,
        status=overall_status(targets),
    )


def overall_status(targets: list[TargetReport]) -> RunStatus:
    """ "failed" where a target failed or none ran, else "ok"; and why."""
    by_state = {state: [item.target for item in targets if item.status.state == state] for state in _STATES}
    why = "; ".join(f"{state}: {', '.join(names)}" for state, names in by_state.items() if names)
    return RunStatus(state="failed" if by_state["failed"] or not by_state["ok"] else "ok", why=why)


def _measure(package: Package, job: TargetJob, progress: Progress, run_target: RunTarget) -> TargetReport:
    try:
        package.target(job.target)
    except TargetError as error:
        status = RunStatus(state="skipped", why=f"not run: {error.what}")
        return TargetReport.without_numbers(job.target, status, job.package_bytes)
    return run_target(job, progress)


def _targets(package: Package, target: str) -> list[str]:
    if target == "all":
        return list(package.targets)
    if runtime_of(target) not in package.targets:
        raise PackageError(
            f"target {target!r} is not in the package",
            where=package.source,
            remedy=f"choose one of {', '.join(package.targets)}, all",
        )
    return [target]


def _workload(
    package: Package, data: Path | None, seed: int, scratch: Path
) -> tuple[WorkloadGroup | NotMeasured, VolumeFile | NotMeasured]:
    """The group "workload", and the volume as a file in `scratch`."""
    if package.manifest.in_channels != 1:
        absent = NotMeasured(why=f"the network takes {package.manifest.in_channels} channels, a volume has one")
        return absent, absent
    from edge_sdk.volume.files import write_volume

    work = make_workload(package.manifest, data, seed)
    file = scratch / "workload.mha"
    write_volume(work.volume, file)
    return work.group, VolumeFile(path=str(file), compounding_s=work.compounding_s)
