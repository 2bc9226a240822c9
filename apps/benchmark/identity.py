"""What was measured, on what: the groups "identity" and "device"."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import edge_sdk
from apps.accelerators import accelerators
from apps.report.html import not_measured, without_blanks
from edge_sdk.device import describe_device
from edge_sdk.files import sha256
from edge_sdk.packages.package import Package
from edge_sdk.session import artifacts_of

SOURCE = Path(edge_sdk.__file__).resolve().parent.parent


def identity(package: Package, seed: int) -> dict[str, Any]:
    """Versions, hashes and the package's own account of itself."""
    manifest, source = package.manifest, package.source
    folder = source.is_dir()
    files = [path for path in source.rglob("*") if path.is_file()] if folder else [source]
    return {
        "sdk_version": edge_sdk.__version__,
        "sdk_commit": _commit(),
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "package": str(source),
        "package_name": manifest.name,
        "package_sha256": not_measured("the package is a folder; manifest_sha256 covers its files")
        if folder
        else sha256(source),
        "manifest_sha256": package.digest,
        "package_bytes": sum(path.stat().st_size for path in files),
        "variant": manifest.variant,
        "precision": dict(manifest.precision),
        "recipe": without_blanks(manifest.recipe, "the manifest's recipe does not set it"),
        "gate": {"verdict": manifest.gate.verdict, "reason": manifest.gate.reason or "none given"},
        "training_data": without_blanks(manifest.training_data.model_dump(by_alias=True), "the manifest does not say"),
        "seed": seed,
    }


def target_bytes(package: Package, target: str) -> int:
    """Size of a target's files in the package."""
    folder = artifacts_of(package.folder, target)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def device() -> dict[str, Any]:
    """The facts of `edge_sdk.device`, the load at the start, and the accelerators that are not used."""
    facts = {
        name: not_measured(fact.reason or "not known") if fact.value is None else fact.value or "none seen"
        for name, fact in describe_device().items()
    }
    absent = {kind.lower(): not_measured(why) for kind, why in accelerators().items()}
    load = list(os.getloadavg()) if hasattr(os, "getloadavg") else not_measured("the system does not tell")
    return {**facts, "load_average_at_start": load, **absent}


def _commit() -> Any:
    """The commit that the program runs from, and whether files differ from it."""
    if not (SOURCE / ".git").exists():
        return not_measured("not run from a checkout")
    try:
        head, changed = (
            subprocess.run(["git", "-C", SOURCE, *words], capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return not_measured("git cannot tell")
    return f"{head} with changes" if changed else head
