"""What was measured, on what: the groups "identity" and "device"."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import edge_sdk
from apps.accelerators import accelerators
from apps.benchmark.shared_groups import DeviceGroup, GateGroup, IdentityGroup, manifest_values
from apps.report.device_facts import device_facts
from apps.report.measured import NotMeasured
from edge_sdk.files import sha256
from edge_sdk.packages.package import Package
from edge_sdk.session import artifacts_of

SOURCE = Path(edge_sdk.__file__).resolve().parent.parent


def identity(package: Package, seed: int) -> IdentityGroup:
    """Versions, hashes and the package's own account of itself.

    Args:
        package: What is measured.
        seed: Seed of the random patch and of the simulated sweep.
    """
    manifest, source = package.manifest, package.source
    folder = source.is_dir()
    files = [path for path in source.rglob("*") if path.is_file()] if folder else [source]
    return IdentityGroup(
        sdk_version=edge_sdk.__version__,
        sdk_commit=_commit(),
        written_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        package=str(source),
        package_name=manifest.name,
        package_sha256=NotMeasured(why="the package is a folder; manifest_sha256 covers its files")
        if folder
        else sha256(source),
        manifest_sha256=package.digest,
        package_bytes=sum(path.stat().st_size for path in files),
        variant=manifest.variant,
        precision=dict(manifest.precision),
        recipe=manifest_values(manifest.recipe, "the manifest's recipe does not set it"),
        gate=GateGroup(verdict=manifest.gate.verdict, reason=manifest.gate.reason or "none given"),
        training_data=manifest_values(manifest.training_data.model_dump(by_alias=True), "the manifest does not say"),
        seed=seed,
    )


def target_bytes(package: Package, target: str) -> int:
    """Size of a target's files in the package."""
    folder = artifacts_of(package.folder, target)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def device() -> DeviceGroup:
    """The facts of `edge_sdk.device`, the load at the start, and the accelerators that are not used."""
    absent = {kind.lower(): NotMeasured(why=why) for kind, why in accelerators().items()}
    load = list(os.getloadavg()) if hasattr(os, "getloadavg") else NotMeasured(why="the system does not tell")
    return DeviceGroup.model_validate({**dict(device_facts()), "load_average_at_start": load, **absent})


def _commit() -> str | NotMeasured:
    """The commit that the program runs from, and whether files differ from it."""
    if not (SOURCE / ".git").exists():
        return NotMeasured(why="not run from a checkout")
    try:
        head, changed = (
            subprocess.run(["git", "-C", SOURCE, *arguments], capture_output=True, text=True, check=True).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return NotMeasured(why="git cannot tell")
    return f"{head} with changes" if changed else head
