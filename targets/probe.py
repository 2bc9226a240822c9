"""Opening an artifact in a process of its own: a crash or a hang of the runtime becomes an error instead of the end.

`python -m targets.probe TARGET FOLDER` opens what lies in FOLDER and runs one patch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.packages.selftest import compare, read_selftest
from edge_sdk.process_end import how_it_ended

LIMIT_S = 180.0
"""Longer than any runtime took to open and run a network of this project on two slow cores, many times over."""
_LIMIT_VARIABLE = "EDGE_SDK_OPEN_LIMIT"
_REFUSED = 3


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
        target: Its name, such as "openvino:NPU".
        folder: Of the artifact.
        selftest: File of a self-test, whose patch is taken; else zeros.

    Returns:
        The largest |logit - reference| of the self-test; None without one, or where nothing was tried.

    Raises:
        TargetError: The runtime refuses the artifact, crashes on it, or takes longer than the limit: 180 s, or
            what $EDGE_SDK_OPEN_LIMIT says.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return None
    command = [sys.executable, "-m", "targets.probe", target, str(folder), "--precision", precision]
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
    if done.returncode == _REFUSED:
        raise TargetError(**_said(done))
    if done.returncode:
        failed = "crashes" if done.returncode < 0 else "fails"
        raise TargetError(
            f"the runtime {failed} on the artifact: {how_it_ended(done.returncode, done.stderr)}",
            where=target,
            remedy="choose another target, or export the package again with this version of the runtime",
        )
    found: float | None = _said(done)["max_error"]
    return found


def _said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The last line that the process printed; runtimes may have printed before it."""
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _limit() -> float:
    given = os.environ.get(_LIMIT_VARIABLE, str(LIMIT_S))
    try:
        limit = float(given)
    except ValueError:
        limit = 0.0
    if not 0.0 < limit < float("inf"):
        raise TargetError(f"{_LIMIT_VARIABLE} is {given!r}, a number of seconds above 0 expected")
    return limit


def main() -> None:
    """Open, run, and tell the result as JSON on the last line of stdout; what a runtime refuses with status 3."""
    parser = argparse.ArgumentParser(prog="python -m targets.probe", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", default="")
    parser.add_argument("--selftest", type=Path)
    parser.add_argument("--threads", type=int)
    try:
        said: dict[str, Any] = {"max_error": _open_and_run(parser.parse_args())}
    except EdgeSdkError as error:
        said = {"what": error.what, "where": error.where and str(error.where), "remedy": error.remedy}
    print(f"\n{json.dumps(said)}")
    sys.exit(0 if "max_error" in said else _REFUSED)


def _open_and_run(asked: argparse.Namespace) -> float | None:
    from targets.registry import TARGETS

    runtime, _, device = asked.target.partition(":")
    target = TARGETS[runtime].on(device) if device else TARGETS[runtime]
    with target.open(asked.folder, precision=asked.precision, threads=asked.threads) as session:
        vector = read_selftest(asked.selftest, where=asked.selftest) if asked.selftest else None
        patch = vector.patch if vector else np.zeros(session.description["patch_shape"], np.float32)
        finite = np.isfinite(session.infer(patch)).all()
        result = compare(vector, session, asked.precision) if vector else None
    if not finite or (result and result.problem):
        what = result.problem if result and result.problem else "gave logits that are not finite"
        raise TargetError(what, where=asked.target, remedy="export the package again")
    return result.max_error if result else None


if __name__ == "__main__":
    main()
