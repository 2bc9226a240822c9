"""The first opening of a package's network on a device: tried in a process of its own, and remembered.

A runtime that crashes or hangs on an artifact would take the whole program with it. So each target is tried once for
each device, package and runtime version in a process that may end as it likes; later openings do not pay for it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from edge_sdk.device_memory import memory_file, recall, remember
from edge_sdk.packages.manifest import SELFTEST
from edge_sdk.session import Target, artifacts_of


class _FirstOpening(BaseModel):
    """What is remembered of a first opening: the target's name and its largest |logit - reference|."""

    opened: str
    max_error: Annotated[float, Field(allow_inf_nan=False)]


_tried: dict[Path, float | None] = {}
"""What this process knows, for devices whose cache folder cannot be written."""


def first_open(
    target: Target, name: str, package: Path, digest: str, *, precision: str, threads: int | None
) -> float | None:
    """Open a package's own artifact and run the self-test in a process of its own, unless that went well before.

    Args:
        target: Runtime and device to try.
        name: The target as it was asked for, such as "openvino:NPU".
        package: Folder of the package's files.
        digest: The package's identity.
        precision: "int8" or "fp32", of the artifact.
        threads: Threads of the runtime; None leaves the number to it.

    Returns:
        The largest |logit - reference|; None where no process can be started, so that no self-test ran.

    Raises:
        TargetError: The runtime crashes, does not end in time, or refuses the artifact.
    """
    file = memory_file("opened", digest, name, target.version())
    if file in _tried:
        return _tried[file]
    known = recall(file, _FirstOpening)
    if known and known.opened == name:
        return known.max_error
    error = target.probe(artifacts_of(package, name), package / SELFTEST, precision=precision, threads=threads)
    _tried[file] = error
    if error is not None and math.isfinite(error):
        remember(file, _FirstOpening(opened=name, max_error=error))
    return error
