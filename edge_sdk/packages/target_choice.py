"""Which target a package runs on: those installed, and of these the fastest that is right on this device."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points

from pydantic import BaseModel, ConfigDict

from edge_sdk.device_memory import memory_file, recall, remember
from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.packages.manifest import Manifest
from edge_sdk.packages.tuned import find_tuned, tuned_place
from edge_sdk.session import Target

_MOST_THREADS = 1024


class Choice(BaseModel):
    """The target that "auto" came to.

    Attributes:
        target: Its name.
        milliseconds: Right target → median of an inference, when it was measured.
        passed_over: Target that cannot run or is not right here → why.
    """

    model_config = ConfigDict(frozen=True)

    target: str
    milliseconds: dict[str, float]
    passed_over: dict[str, str]

    @property
    def summary(self) -> str:
        """The measured times and the reasons against the other targets, in one line."""
        times = ", ".join(f"{name} {value:.1f} ms" for name, value in self.milliseconds.items())
        others = "".join(f"; not {name}: {why}" for name, why in self.passed_over.items())
        return f"fastest of {times}{others}"


@cache
def known_targets() -> Mapping[str, Target]:
    """Every target that an installed distribution offers (entry points of the group "edge_sdk.targets")."""
    found: dict[str, Target] = {}
    for point in entry_points(group="edge_sdk.targets"):
        found.update(point.load())
    return found


def require_threads(threads: object) -> None:
    """Refuse what is no number of threads, before it reaches a runtime.

    Raises:
        TargetError: Such a value.
    """
    if threads is None or (type(threads) is int and 1 <= threads <= _MOST_THREADS):
        return
    raise TargetError(
        f"threads is {threads!r}, a whole number from 1 to {_MOST_THREADS} expected",
        remedy="leave it out for the runtime's own choice",
    )


def usable_target(name: str, manifest: Manifest, *, where: object) -> Target:
    """The target of this name, on the device that it may name after a colon.

    Raises:
        TargetError: It is not in the package, not known, cannot run here, is too old, or lacks the device; with the
            remedy.
    """
    runtime, _, device = name.partition(":")
    if runtime not in manifest.precision:
        raise TargetError(
            f"target {name!r} is not in the package",
            where=where,
            remedy=f"choose one of {', '.join(manifest.precision)}, or export the package for {runtime}",
        )
    targets = known_targets()
    if runtime not in targets:
        raise TargetError(
            f"target {name!r} is not known to this installation",
            where=where,
            remedy=f"choose one of {', '.join(targets)}" if targets else "install edge-sdk with pip",
        )
    target = targets[runtime]
    if reason := target.missing():
        raise TargetError(f"target {name!r} cannot run here: {reason}", where=where)
    needed = manifest.runtime_minimum.get(runtime, "0")
    if _numbers(target.version()) < _numbers(needed):
        raise TargetError(
            f"the package needs {runtime} {needed} or newer, {target.version()} is installed",
            where=where,
            remedy=f"pip install -U 'edge-sdk[{target.extra}]'",
        )
    return target.on(device) if ":" in name else target


def choose_target(
    manifest: Manifest, digest: str, threads: int | None, measure: Callable[[str], float], *, where: object
) -> Choice:
    """The fastest target of a package that passes the self-test here, measured once and remembered.

    Measured anew when the device, the package, the number of threads, a runtime's version or what
    `edge-sdk tune` made changes.

    Args:
        manifest: The package's manifest.
        digest: The package's identity.
        threads: Threads of the runtime; None leaves the number to it.
        measure: Gives the median milliseconds of an inference on the target of this name; raises EdgeSdkError where
            the target cannot run or does not pass the self-test.
        where: The package, for errors.

    Raises:
        TargetError: No target passes; the reason of each is named.
    """
    known = known_targets()
    able = [name for name in manifest.precision if name in known and known[name].missing() is None]
    file = memory_file("target", digest, threads, sorted(_standing(digest, name, threads) for name in able))
    if (remembered := recall(file, Choice)) and remembered.target in able:
        return remembered
    milliseconds: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name in manifest.precision:
        try:
            milliseconds[name] = measure(name)
        except EdgeSdkError as error:
            problems[name] = error.what
    if not milliseconds:
        reasons = "; ".join(f"{name}: {why}" for name, why in problems.items())
        raise TargetError(
            f"no target in this package passes its self-test on this device ({reasons})",
            where=where,
            remedy="see edge-sdk doctor",
        )
    fastest = min(milliseconds, key=milliseconds.__getitem__)
    choice = Choice(target=fastest, milliseconds=milliseconds, passed_over=problems)
    remember(file, choice)
    return choice


def _standing(digest: str, name: str, threads: int | None) -> tuple[str, str, str]:
    """What a measured choice depends on: the target, its runtime's version, and how it was tuned."""
    version = known_targets()[name].version()
    tuned = find_tuned(tuned_place(digest, name, version, threads))
    return name, version, tuned.precision if tuned else ""


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: "2026.4.1-22982-abc" → (2026, 4, 1)."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)
