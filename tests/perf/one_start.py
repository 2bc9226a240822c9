"""One start of a package, in this process: `python -m tests.perf.one_start PACKAGE TARGET THREADS`; prints JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Milliseconds to the imports' end, to the opened session, and to the first result."""
    begin = time.perf_counter()
    from edge_sdk.packages.package import Package

    times = {"import_ms": time.perf_counter()}
    path, target, threads = sys.argv[1:]
    with Package(Path(path)) as package, package.open(target, int(threads)) as session:
        times["open_ms"] = time.perf_counter()
        session.infer(package.selftest_vector.patch)
        times["first_result_ms"] = time.perf_counter()
        how = session.description.compiled or "nothing to compile"
    print(json.dumps({**{name: 1000 * (moment - begin) for name, moment in times.items()}, "compiled": how}))


if __name__ == "__main__":
    main()
