"""Opening an artifact in a process of its own: a crash or a hang of the runtime becomes an error instead of the end.

The process runs `targets.probe_worker`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_sdk.errors import TargetError
from edge_sdk.process_end import how_it_ended

LIMIT_S = 180.0
"""Longer than any runtime took to open and run a network of this project on two slow cores, many times over."""
_LIMIT_VARIABLE = "EDGE_SDK_OPEN_LIMIT"
REFUSED = 3
"""Exit status of the worker where the runtime refuses the artifact."""


@dataclass(frozen=True)
class ProbeAnswer:
    """What the worker prints, as JSON, on the last line of stdout.

    Attributes:
        max_error: Largest |logit - reference| of the self-test; None without one, or where the runtime refuses.
        what: Where the runtime refuses: what went wrong.
        where: Where the runtime refuses: the file or target concerned, if known.
        remedy: Where the runtime refuses: what the user can do about it.
    """

    max_error: float | None = None
    what: str = ""
    where: str | None = None
    remedy: str = ""


def require_running(
    target: str,
    folder: Path,
    *,
    precision: str,
    selftest: Path | None = None,
    threads: int | None = None,
) -> float | None:
    """Open an artifact in another process and run a patch.

    Where this program is no Python interpreter that can be started again (frozen or embedded), nothing is tried.

    Args:
        target: Name of the target, such as "openvino:NPU".
        folder: Folder of the artifact.
        precision: "int8" or "fp32", of the artifact.
        selftest: File of a self-test, whose patch is run; None runs a patch of zeros.
        threads: Threads of the runtime; None leaves the number to it.

    Returns:
        The largest |logit - reference| of the self-test; None without one, or where nothing was tried.

    Raises:
        TargetError: The runtime refuses the artifact, crashes on it, or takes longer than the limit: 180 s, or
            what $EDGE_SDK_OPEN_LIMIT says.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return None
    command = [sys.executable, "-m", "targets.probe_worker", target, str(folder), "--precision", precision]
    command += ["--selftest", str(selftest)] if selftest else []
    command += ["--threads", str(threads)] if threads else []
    # So that it finds the same modules, from a checkout and from an installation.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    limit = _limit()
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise TargetError(
            f"the runtime did not open the artifact and run one patch within {limit:g} s",
            where=target,
            remedy=f"choose another target, or give a slow device longer with {_LIMIT_VARIABLE}=SECONDS",
        ) from cause
    if done.returncode == REFUSED:
        refusal = _answer(done)
        raise TargetError(refusal.what, where=refusal.where, remedy=refusal.remedy)
    if done.returncode:
        failed = "crashes" if done.returncode < 0 else "fails"
        raise TargetError(
            f"the runtime {failed} on the artifact: {how_it_ended(done.returncode, done.stderr)}",
            where=target,
            remedy="choose another target, or export the package again with this version of the runtime",
        )
    return _answer(done).max_error


def _answer(done: subprocess.CompletedProcess[str]) -> ProbeAnswer:
    """The last line that the process printed; runtimes may have printed before it."""
    return ProbeAnswer(**json.loads(done.stdout.splitlines()[-1]))


def _limit() -> float:
    given = os.environ.get(_LIMIT_VARIABLE, str(LIMIT_S))
    try:
        limit = float(given)
    except ValueError:
        limit = 0.0
    if not 0.0 < limit < float("inf"):
        raise TargetError(f"{_LIMIT_VARIABLE} is {given!r}, a number of seconds above 0 expected")
    return limit
