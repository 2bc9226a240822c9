"""The first opening of a package's network on a device: tried in a process of its own, and remembered.

A runtime that crashes or hangs on an artifact would take the whole program with it. So each target is tried once for
each device, package and runtime version in a process that may end as it likes; later openings do not pay for it.
"""

from __future__ import annotations

from pathlib import Path

from edge_sdk.device_memory import memory, recall, remember
from edge_sdk.packages.manifest import SELFTEST
from edge_sdk.session import Target, artifacts_of

_tried: dict[Path, float | None] = {}
"""What this process knows, for devices whose cache folder cannot be written."""


def first_open(
    target: Target, name: str, package: Path, digest: str, *, precision: str, threads: int | None
) -> float | None:
    """Open the target and run the self-test in a process of its own, unless that went well before.

    Args:
        name: The target as it was asked for, such as "openvino:NPU".
        package: Folder of the package's files.
        digest: The package's identity.

    Returns:
        The largest |logit - reference|; None where it cannot be known.

    Raises:
        TargetError: The runtime crashes, does not end in time, or refuses the artifact.
    """
    place = memory("opened", digest, name, target.version())
    if place in _tried:
        return _tried[place]
    known = recall(place)
    if known.get("opened") == name and isinstance(known.get("max_error"), float):
        return float(known["max_error"])
    error = target.probe(artifacts_of(package, name), package / SELFTEST, precision=precision, threads=threads)
    _tried[place] = error
    if error is not None:
        remember(place, {"opened": name, "max_error": error})
    return error
