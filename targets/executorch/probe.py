"""Opening a program in a process of its own: a crash of the runtime becomes an error instead of the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge_sdk.errors import TargetError

# `python -c` with sys.path handed over, so that it works from a checkout and from an installation.
_CODE = """
import sys; sys.path[:0] = sys.argv[3:]
from pathlib import Path
import numpy as np
from targets.executorch.session import ExecuTorchSession
shape = tuple(int(size) for size in sys.argv[2].split(","))
with ExecuTorchSession(Path(sys.argv[1]), precision="") as session:
    if not np.isfinite(session.infer(np.zeros(shape, np.float32))).all():
        sys.exit("logits are not finite")
"""


def require_running(artefact: Path, patch_shape: tuple[int, ...]) -> None:
    """Run a patch of zeros (N, C, D, H, W) in another process.

    Raises:
        TargetError: The runtime refuses the program, or crashes on it.
    """
    shape = ",".join(str(size) for size in patch_shape)
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(artefact), shape, *sys.path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}"
        raise TargetError(
            f"the exported program does not run ({ended}: {said})",
            where=artefact.name,
            remedy="report this with the graph, or export for another target",
        )
