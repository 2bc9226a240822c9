"""The process that `targets.probe` starts: it opens an artifact and runs one patch.

`python -m targets.probe_worker TARGET FOLDER` prints a `ProbeAnswer` as JSON on the last line of stdout; its exit
status is `REFUSED` where the runtime refuses the artifact.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_sdk.errors import EdgeSdkError, TargetError
from edge_sdk.packages.selftest import compare_logits, read_selftest
from targets.probe import REFUSED, ProbeAnswer
from targets.registry import TARGETS


def main() -> None:
    """Open, run one patch, print the answer, and exit."""
    parser = argparse.ArgumentParser(prog="python -m targets.probe_worker", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", default="")
    parser.add_argument("--selftest", type=Path)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    status = 0
    try:
        error = run_patch(
            options.target,
            options.folder,
            precision=options.precision,
            selftest=options.selftest,
            threads=options.threads,
        )
        answer = ProbeAnswer(max_error=error)
    except EdgeSdkError as refusal:
        where = None if refusal.where is None else str(refusal.where)
        answer, status = ProbeAnswer(what=refusal.what, where=where, remedy=refusal.remedy), REFUSED
    print(f"\n{json.dumps(asdict(answer))}")
    sys.exit(status)


def run_patch(name: str, folder: Path, *, precision: str, selftest: Path | None, threads: int | None) -> float | None:
    """Open an artifact in this process and run one patch, once.

    Args:
        name: Name of the target, such as "openvino:NPU".
        folder: Folder of the artifact.
        precision: "int8" or "fp32", of the artifact.
        selftest: File of a self-test, whose patch is run; None runs a patch of zeros.
        threads: Threads of the runtime; None leaves the number to it.

    Returns:
        The largest |logit - reference| of the self-test; None without one.

    Raises:
        EdgeSdkError: The runtime refuses the artifact or the patch, or its logits are not finite or of a wrong shape.
    """
    runtime, _, device = name.partition(":")
    target = TARGETS[runtime].on(device) if device else TARGETS[runtime]
    with target.open(folder, precision=precision, threads=threads) as session:
        if selftest is None:
            shape = session.description.patch_shape
            if shape is None:
                raise TargetError("does not tell the shape of its patch", where=name, remedy="give a self-test")
            logits = session.infer(np.zeros(shape, np.float32))
            problem = None if np.isfinite(logits).all() else "gave logits that are not finite"
            error = None
        else:
            vector = read_selftest(selftest, where=selftest)
            result = compare_logits(vector, session.infer(vector.patch), session.target, precision)
            problem, error = result.problem, result.max_error
    if problem:
        raise TargetError(problem, where=name, remedy="export the package again")
    return error


if __name__ == "__main__":
    main()
