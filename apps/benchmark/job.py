"""The whole benchmark of a package: workload, every target, report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.benchmark.identity import device, identity, target_bytes
from apps.benchmark.protocol import Protocol
from apps.benchmark.runner import not_run, run_in_process
from apps.benchmark.worker import Job
from apps.benchmark.workload import make_workload
from apps.report.html import not_measured
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.inference.cases import find_cases
from edge_sdk.packages.package import Package
from edge_sdk.progress import Progress
from edge_sdk.session import runtime_of

KIND = "edge-sdk benchmark"
SCHEMA = 1
RunTarget = Callable[[Job, Progress], dict[str, Any]]


def benchmark(
    path: Path,
    target: str,
    protocol: Protocol,
    *,
    data: Path | None = None,
    progress: Progress,
    run_target: RunTarget = run_in_process,
) -> dict[str, Any]:
    """Measure one target of a package or all of them.

    Args:
        target: A name, or "all".
        data: Labeled volumes: then the first of them is the workload, and the accuracy is measured on all.
        run_target: Measures one target.

    Returns:
        The report: every field is a value, or {"value": null, "why": …}.

    Raises:
        EdgeSdkError: The package or the data cannot be used, or the package lacks the target.
    """
    with Package(path) as package, tempfile.TemporaryDirectory(prefix="edge-sdk-benchmark-") as scratch:
        names = _targets(package, target)
        if data is not None:
            find_cases(data)
        report: dict[str, Any] = {
            "kind": KIND,
            "schema": SCHEMA,
            "identity": identity(package, protocol.seed),
            "device": device(),
            "protocol": protocol.described(),
        }
        report["workload"], volume = _workload(package, data, protocol.seed, Path(scratch))
        report["targets"] = []
        for name in names:
            try:
                package.target(name)
            except TargetError as error:
                result = not_run(name, "skipped", f"not run: {error.what}")
            else:
                result = run_target(Job(str(path.resolve()), name, protocol, data=_text(data), **volume), progress)
            result["package_bytes"] = target_bytes(package, name)
            report["targets"].append(result)
    report["status"] = overall_status(report["targets"])
    return report


def overall_status(targets: list[dict[str, Any]]) -> dict[str, str]:
    """ "failed" where a target failed or none ran, else "ok"; and why."""
    by_state = {
        state: [item["target"] for item in targets if item["status"]["state"] == state]
        for state in ("ok", "failed", "skipped")
    }
    said = "; ".join(f"{state}: {', '.join(names)}" for state, names in by_state.items() if names)
    return {"state": "failed" if by_state["failed"] or not by_state["ok"] else "ok", "why": said}


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


def _workload(package: Package, data: Path | None, seed: int, scratch: Path) -> tuple[Any, dict[str, Any]]:
    """The group "workload", and the part of the workers' jobs that tells the volume."""
    if package.manifest.in_channels != 1:
        why = f"the network takes {package.manifest.in_channels} channels, a volume has one"
        return not_measured(why), {"volume": None, "no_volume": why}
    from edge_sdk.volume.files import write_volume

    work = make_workload(package.manifest, data, seed)
    file = scratch / "workload.mha"
    write_volume(work.volume, file)
    return work.described, {"volume": str(file), "compounding_s": work.compounding_s}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())
