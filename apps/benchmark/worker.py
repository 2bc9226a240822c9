"""One target measured in a process of its own: `python -m apps.benchmark.worker JOB.json RESULT.json`.

So that what another target left behind (memory, thread pools) is not counted, and a runtime that crashes takes
nothing else with it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from apps.benchmark.protocol import Protocol, measure, random_patch
from apps.report.html import not_measured
from apps.report.memory import forget_peak, peak_rss_mb, rss_mb
from apps.report.statistics import summary_ms
from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.packages.package import Package
from edge_sdk.packages.session import PackageSession
from edge_sdk.progress import Progress
from edge_sdk.session import runtime_of

GROUPS = (
    *("runtime", "startup", "latency", "energy", "thermal", "engine_error", "memory", "end_to_end"),
    *("throughput", "accuracy", "operators"),
)
PROGRESS = "progress\t"
"""Begins a line on stdout that tells progress."""
NO_DATA = "no labeled volumes were given (--data)"


@dataclass(frozen=True)
class Job:
    """What the worker does.

    Attributes:
        volume: File of the workload's volume; None leaves the end-to-end group out, `no_volume` says why.
        compounding_s: Seconds in which it was made from its sweep; None where it was read.
        data: Labeled volumes.
    """

    package: str
    target: str
    protocol: Protocol
    volume: str | None
    no_volume: str = ""
    compounding_s: float | None = None
    data: str | None = None

    def to_json(self) -> str:
        """For the worker's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` gave."""
        values = json.loads(text)
        return cls(**{**values, "protocol": Protocol(**values["protocol"])})


def run_job(job: Job, progress: Progress) -> dict[str, Any]:
    """Measure; what fails is told in "status", and the groups measured until then are kept."""
    result: dict[str, Any] = {"target": job.target}
    try:
        problem = _Run(job, result, progress).run()
    except (EdgeSdkError, MemoryError) as error:
        problem = str(error) or "out of memory"
    except Exception as error:  # a fault of one runtime must not hide the others' results
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
    result["status"] = {"state": "failed", "why": problem} if problem else {"state": "ok", "why": "all was measured"}
    return with_all_groups(result, f"not reached: {problem}")


def with_all_groups(result: dict[str, Any], why: str) -> dict[str, Any]:
    """The result with every group; those that are not there are absent because of `why`."""
    return {**{group: not_measured(why) for group in GROUPS}, **result}


class _Run:
    """The steps of one job, each of which adds its groups to the result."""

    def __init__(self, job: Job, result: dict[str, Any], progress: Progress) -> None:
        self.job, self.result, self.progress = job, result, progress

    def run(self) -> str | None:
        """All steps; what is wrong with a target that runs but gives other numbers than its reference."""
        from apps.benchmark.denormals import flush_denormals
        from apps.benchmark.operators import engine_error

        not_flushed = flush_denormals()
        job, result = self.job, self.result
        checked, package = _timed(lambda: Package(job.package))
        with package:
            volume = self._read_volume()
            patch = random_patch(package.manifest, job.protocol.seed)
            forget_peak()
            baseline = rss_mb()
            opened, session = _timed(lambda: package.open(job.target, job.protocol.threads, even_if_wrong=True))
            with session:
                result["runtime"] = self._runtime(package, session, not_flushed)
                measured = measure(session, patch, job.protocol, self.progress)
                after_inference = peak_rss_mb()
                result["latency"] = {
                    **summary_ms(measured.samples_s),
                    "first_ms": 1000 * measured.first_s,
                    "warmup_ms": [1000 * value for value in measured.warmup_s] or not_measured("no warm-up asked for"),
                    "measured_seconds": measured.total_s,
                }
                result["energy"], result["thermal"] = measured.energy, measured.thermal
                result["engine_error"], problem = engine_error(package, session)
                self._volume_groups(package, session, volume, measured.samples_s)
                result["memory"] = {
                    "baseline_rss_mb": baseline,
                    "inference_peak_above_baseline_mb": after_inference - baseline,
                    "end_to_end_peak_above_baseline_mb": peak_rss_mb() - baseline,
                    "baseline_is": "this process with the package checked and the volume read, before the runtime",
                }
                self._accuracy(package, session)
            reopened, session = _timed(lambda: package.open(job.target, job.protocol.threads, even_if_wrong=True))
            session.close()
            both = "the runtime's session loads and compiles in one step; both are in warm_open_ms"
            result["startup"] = {
                "package_check_ms": 1000 * checked,
                "cold_open_ms": 1000 * opened,
                "warm_open_ms": 1000 * reopened,
                "load_ms": not_measured(both),
                "compile_ms": not_measured(both),
                "cold_open_is": "the first on a device: in a process of its own for trial, then importing the runtime, "
                "loading, and taking what the trial compiled where the runtime allows it",
                "warm_open_is": "a later one, the runtime imported: loading, and taking what was compiled before",
            }
            result["operators"] = _executed(package, job)
        return problem

    def _read_volume(self) -> Any:
        if self.job.volume is None:
            return None
        from edge_sdk.volume.files import read_volume

        return read_volume(self.job.volume)

    def _runtime(self, package: Package, session: PackageSession, not_flushed: str | None) -> dict[str, Any]:
        import os

        described = session.description.known()
        said = {name: list(value) if isinstance(value, tuple) else value for name, value in described.items()}
        pinned = hasattr(os, "sched_getaffinity")
        return {
            "precision": package.manifest.precision[runtime_of(self.job.target)],
            **said,
            "version": package.target(self.job.target).version(),
            "cpus_allowed": sorted(os.sched_getaffinity(0)) if pinned else not_measured("the system does not tell"),
            "pinning": "none asked for: the runtime and the system place the threads",
            "denormals": not_measured(not_flushed) if not_flushed else "flushed to zero",
        }

    def _volume_groups(self, package: Package, session: PackageSession, volume: Any, samples: list[float]) -> None:
        from apps.benchmark.end_to_end import measure_volume

        mean = sum(samples) / len(samples)
        voxels = int(package.selftest_vector.patch[0, 0].size)
        throughput: dict[str, Any] = {
            "patches_per_second": 1 / mean,
            "patch_voxels_per_second": voxels / mean,
            "mode": "single stream, back to back: not a saturated throughput",
        }
        rates = ("volumes_per_second", "voxels_per_second")
        if volume is None:
            absent = not_measured(self.job.no_volume)
            self.result["end_to_end"] = absent
            self.result["throughput"] = {**throughput, **dict.fromkeys(rates, absent)}
            return
        self.progress(0, 1, f"whole volume on {session.target}")
        found = measure_volume(session, package.manifest, volume, self.job.compounding_s)
        self.result["throughput"] = {**throughput, **{name: found.pop(name) for name in rates}}
        self.result["end_to_end"] = found

    def _accuracy(self, package: Package, session: PackageSession) -> None:
        if self.job.data is None:
            self.result["accuracy"] = not_measured(NO_DATA)
            return
        from apps.benchmark.accuracy import measure_accuracy

        self.result["accuracy"] = measure_accuracy(package, session, Path(self.job.data), self.progress)


def _executed(package: Package, job: Job) -> dict[str, Any]:
    """The group "operators"; what runs elsewhere than on the CPU does not tell them."""
    from apps.benchmark.operators import executed

    try:
        return executed(package, job.target, job.protocol.threads)
    except TargetError as error:
        if runtime_of(job.target) == job.target:
            raise
        return not_measured(error.what)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    value = work()
    return time.perf_counter() - start, value


def main(job: str, result: str) -> None:
    """Run the job in the file `job` and write the file `result`."""

    def tell(done: int, total: int, text: str) -> None:
        print(f"{PROGRESS}{done}\t{total}\t{text}", flush=True)

    found = run_job(Job.from_json(Path(job).read_text()), tell)
    Path(result).write_text(json.dumps(found, allow_nan=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
