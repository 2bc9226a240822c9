"""Which target a package runs on: those installed, and of these the fastest that is right on this device."""

from __future__ import annotations

import hashlib
import json
import os
import re
import statistics
import time
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sdk.device import fingerprint
from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.files import atomic_path
from edge_sdk.manifest import Manifest
from edge_sdk.selftest import compare
from edge_sdk.session import Target

if TYPE_CHECKING:
    from edge_sdk.package import Package

_TIMED_RUNS = 3


@cache
def known_targets() -> Mapping[str, Target]:
    """Every target that an installed distribution offers (entry points of the group "edge_sdk.targets")."""
    found: dict[str, Target] = {}
    for point in entry_points(group="edge_sdk.targets"):
        found.update(point.load())
    return found


def usable_target(name: str, manifest: Manifest, *, where: object) -> Target:
    """The target of this name.

    Raises:
        TargetError: It is not in the package, not known, cannot run here, or is too old; with the remedy.
    """
    if name not in manifest.precision:
        raise TargetError(
            f"target {name!r} is not in the package",
            where=where,
            remedy=f"choose one of {', '.join(manifest.precision)}, or export the package for {name}",
        )
    targets = known_targets()
    if name not in targets:
        raise TargetError(
            f"target {name!r} is not known to this installation",
            where=where,
            remedy=f"choose one of {', '.join(targets)}" if targets else "install edge-sdk with pip",
        )
    if reason := targets[name].missing():
        raise TargetError(f"target {name!r} cannot run here: {reason}", where=where)
    needed = manifest.runtime_minimum.get(name, "0")
    if _numbers(targets[name].version()) < _numbers(needed):
        raise TargetError(
            f"the package needs {name} {needed} or newer, {targets[name].version()} is installed",
            where=where,
            remedy=f"pip install -U 'edge-sdk[{targets[name].extra}]'",
        )
    return targets[name]


def choose_target(package: Package, threads: int | None) -> str:
    """The fastest target of a package that passes the self-test here, measured once and remembered.

    Measured anew when the device, the package, the number of threads or a runtime's version changes.

    Raises:
        TargetError: None passes; every reason is told.
    """
    known = known_targets()
    able = [name for name in package.targets if name in known and known[name].missing() is None]
    memory = _memory(package, threads, {name: known[name].version() for name in able})
    remembered = _recall(memory)
    if remembered in able:
        return remembered
    milliseconds: dict[str, float] = {}
    problems: list[str] = []
    for name in package.targets:
        try:
            milliseconds[name] = _time_if_right(package, name, threads)
        except EdgeSdkError as error:
            problems.append(f"{name}: {error.what}")
    if not milliseconds:
        raise TargetError(
            f"no target of the package runs rightly here ({'; '.join(problems)})",
            where=package.source,
            remedy="see edge-sdk doctor",
        )
    best = min(milliseconds, key=milliseconds.__getitem__)
    _remember(memory, best, milliseconds)
    return best


def cache_folder() -> Path:
    """Where measured choices are kept: $EDGE_SDK_CACHE, else edge-sdk in the user's cache directory."""
    if given := os.environ.get("EDGE_SDK_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-sdk"


def _time_if_right(package: Package, name: str, threads: int | None) -> float:
    """Median milliseconds of an inference.

    Raises:
        EdgeSdkError: The target cannot run, or is further from the reference than its bound.
    """
    with package.open(name, threads) as session:
        result = compare(package.selftest_vector, session, package.manifest.precision[name])
        if not result.passes:
            raise TargetError(result.problem or f"self-test error {result.max_error:.4g} > {result.bound:.4g}")
        times = []
        for _ in range(_TIMED_RUNS):
            start = time.perf_counter()
            session.infer(package.selftest_vector.patch)
            times.append(1000.0 * (time.perf_counter() - start))
    return statistics.median(times)


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: "2026.4.1-22982-abc" → (2026, 4, 1)."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)


def _memory(package: Package, threads: int | None, versions: Mapping[str, str]) -> Path:
    circumstances = json.dumps([fingerprint(), package.digest, threads, sorted(versions.items())])
    return cache_folder() / f"target-{hashlib.sha256(circumstances.encode()).hexdigest()[:32]}.json"


def _recall(memory: Path) -> str | None:
    try:
        target = json.loads(memory.read_text())["target"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return target if isinstance(target, str) else None


def _remember(memory: Path, target: str, milliseconds: Mapping[str, float]) -> None:
    try:
        with atomic_path(memory) as temporary:
            temporary.write_text(json.dumps({"target": target, "milliseconds": dict(milliseconds)}))
    except EdgeSdkError:
        return  # A read-only device measures every time.
