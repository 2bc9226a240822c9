"""All measurements of one target, in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from apps.benchmark.accuracy_group import AccuracyGroup
from apps.benchmark.measured_groups import MeasuredGroups
from apps.benchmark.operators_group import OperatorsGroup
from apps.benchmark.protocol import LatencyRun, measure_latency, random_patch
from apps.benchmark.report import RunStatus, TargetReport
from apps.benchmark.target_groups import (
    LatencyGroup,
    MemoryGroup,
    RuntimeGroup,
    StartupGroup,
    ThroughputGroup,
)
from apps.benchmark.target_job import TargetJob, VolumeFile
from apps.report.measured import NotMeasured
from apps.report.measured_values import if_measured
from apps.report.memory import forget_peak, peak_rss_mb, rss_mb
from apps.report.statistics import statistics_ms
from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.packages.package import Package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress
from edge_sdk.session import runtime_of

if TYPE_CHECKING:
    from apps.benchmark.end_to_end import VolumeRun
    from edge_sdk.volume.grid import Volume

NO_DATA = "no labeled volumes were given (--data)"
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Workload:
    """The workload's volume, and the seconds in which it was made from its sweep; None where it was read."""

    volume: Volume
    compounding_s: float | None


def measure_target(job: TargetJob, progress: Progress) -> TargetReport:
    """Measure every group; a failure becomes the status, and the groups measured until then are kept."""
    groups = MeasuredGroups()
    try:
        problem = _measure(job, groups, progress)
    except (EdgeSdkError, MemoryError) as error:
        problem = str(error) or "out of memory"
    except Exception as error:  # a fault of one runtime must not hide the others' results
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
    status = RunStatus(state="failed", why=problem) if problem else RunStatus(state="ok", why="all was measured")
    return groups.report(job, status)


def _measure(job: TargetJob, groups: MeasuredGroups, progress: Progress) -> str | None:
    """Fill the groups; returns what is wrong with a target that runs but gives other numbers than its reference."""
    from apps.benchmark.denormals import flush_denormals
    from apps.benchmark.operators import engine_error

    not_flushed = flush_denormals()

    def open_session() -> PackageSession:
        return package.open(job.target, job.protocol.threads, even_if_wrong=True)

    checked_s, package = _timed(lambda: Package(job.package))
    with package:
        workload = if_measured(job.volume, _read_volume)
        patch = random_patch(package.manifest, job.protocol.seed)
        forget_peak()
        baseline = rss_mb()
        cold_s, session = _timed(open_session)
        with session:
            groups.runtime = _runtime_group(package, session, not_flushed)
            run = measure_latency(session, patch, job.protocol, progress)
            after_inference = peak_rss_mb()
            groups.latency = _latency_group(run)
            groups.energy, groups.thermal = run.energy, run.thermal
            groups.engine_error, problem = engine_error(package, session)
            volume_run = if_measured(workload, lambda loaded: _measure_volume(loaded, session, progress))
            groups.throughput = _throughput_group(package, run, volume_run)
            groups.end_to_end = if_measured(volume_run, lambda measured: measured.group)
            groups.memory = MemoryGroup(
                baseline_rss_mb=baseline,
                inference_peak_above_baseline_mb=after_inference - baseline,
                end_to_end_peak_above_baseline_mb=peak_rss_mb() - baseline,
                baseline_is="this process with the package checked and the volume read, before the runtime",
            )
            groups.accuracy = _accuracy_group(job, package, session, progress)
        warm_s, session = _timed(open_session)
        session.close()
        groups.startup = _startup_group(checked_s, cold_s, warm_s)
        groups.operators = _operators_group(job, package)
    return problem


def _read_volume(file: VolumeFile) -> _Workload:
    from edge_sdk.volume.files import read_volume

    return _Workload(read_volume(Path(file.path)), file.compounding_s)


def _runtime_group(package: Package, session: PackageSession, not_flushed: str | None) -> RuntimeGroup:
    unknown = NotMeasured(why="the session does not tell")
    settings = {
        name: list(value) if isinstance(value, tuple) else value for name, value in session.description.known().items()
    }
    pinned = hasattr(os, "sched_getaffinity")
    return RuntimeGroup.model_validate(
        {
            "precision": package.manifest.precision[runtime_of(session.target)],
            **dict.fromkeys(("runtime", "device", "threads"), unknown),
            **settings,
            "version": package.target(session.target).version(),
            "cpus_allowed": sorted(os.sched_getaffinity(0)) if pinned else NotMeasured(why="the system does not tell"),
            "pinning": "none asked for: the runtime and the system place the threads",
            "denormals": NotMeasured(why=not_flushed) if not_flushed else "flushed to zero",
        }
    )


def _latency_group(run: LatencyRun) -> LatencyGroup:
    return LatencyGroup(
        **dict(statistics_ms(run.samples_s)),
        first_ms=1000 * run.first_s,
        warmup_ms=[1000 * value for value in run.warmup_s] or NotMeasured(why="no warm-up asked for"),
        measured_seconds=run.total_s,
    )


def _startup_group(checked_s: float, cold_s: float, warm_s: float) -> StartupGroup:
    one_step = NotMeasured(why="the runtime's session loads and compiles in one step; both are in warm_open_ms")
    return StartupGroup(
        package_check_ms=1000 * checked_s,
        cold_open_ms=1000 * cold_s,
        warm_open_ms=1000 * warm_s,
        load_ms=one_step,
        compile_ms=one_step,
        cold_open_is="the first on a device: in a process of its own for trial, then importing the runtime, "
        "loading, and taking what the trial compiled where the runtime allows it",
        warm_open_is="a later one, the runtime imported: loading, and taking what was compiled before",
    )


def _measure_volume(workload: _Workload, session: PackageSession, progress: Progress) -> VolumeRun:
    from apps.benchmark.end_to_end import measure_volume

    progress(0, 1, f"whole volume on {session.target}")
    return measure_volume(session, session.manifest, workload.volume, workload.compounding_s)


def _throughput_group(package: Package, run: LatencyRun, volume: VolumeRun | NotMeasured) -> ThroughputGroup:
    mean_s = sum(run.samples_s) / len(run.samples_s)
    voxels = int(package.selftest_vector.patch[0, 0].size)
    return ThroughputGroup(
        patches_per_second=1 / mean_s,
        patch_voxels_per_second=voxels / mean_s,
        mode="single stream, back to back: not a saturated throughput",
        volumes_per_second=if_measured(volume, lambda measured: measured.volumes_per_second),
        voxels_per_second=if_measured(volume, lambda measured: measured.voxels_per_second),
    )


def _accuracy_group(
    job: TargetJob, package: Package, session: PackageSession, progress: Progress
) -> AccuracyGroup | NotMeasured:
    if job.data is None:
        return NotMeasured(why=NO_DATA)
    from apps.benchmark.case_accuracy import accuracy_on_cases

    return accuracy_on_cases(package, session, Path(job.data), progress)


def _operators_group(job: TargetJob, package: Package) -> OperatorsGroup | NotMeasured:
    """What was executed; what runs elsewhere than on the CPU does not report it."""
    from apps.benchmark.operators import executed

    try:
        return executed(package, job.target, job.protocol.threads)
    except TargetError as error:
        if runtime_of(job.target) == job.target:
            raise
        return NotMeasured(why=error.what)


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that the work took, and what it returned."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
