"""The self-test of a package on one target, with whatever version of the runtime there is: run inside the arm64 root.

`edge-sdk verify` refuses a runtime older than the package asks for; of ExecuTorch only such a one imports there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import run_selftest
from edge_sdk.session import artifacts_of
from targets.registry import TARGETS


def allow_executorch_1_0() -> None:
    """Sessions size the runtime's thread pool, which Python cannot reach in ExecuTorch 1.0: leave it as it is."""
    from executorch.extension.pybindings import _portable_lib

    if not hasattr(_portable_lib, "_threadpool_get_thread_count"):
        _portable_lib._threadpool_get_thread_count = lambda: 1
        _portable_lib._unsafe_reset_threadpool = lambda _: None


def main(source: Path, name: str) -> None:
    """Print the result in one line; raises SystemExit where it fails."""
    if name == "executorch":
        allow_executorch_1_0()
    with Package(source) as package:
        precision = package.manifest.precision[name]
        with TARGETS[name].open(artifacts_of(package.folder, name), precision=precision, threads=1) as session:
            found = run_selftest(package.selftest_vector, session, precision)
            runtime = session.description.runtime
    if not found.passes or found.class_change is None:
        sys.exit(f"{runtime}: {found.failure}")
    error = f"largest error {found.max_error:.4g} <= {found.bound:.4g}"
    print(f"{runtime} {precision}: {error}, {1 - found.class_change:.3%} of classes equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
