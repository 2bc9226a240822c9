"""What a package's session costs on top of OpenVINO's own benchmark tool: `python -m tests.perf.overhead -o DIR`.

The same file, the same settings, one process for each way and round, by turns: our process opens the package and infers
`--inferences` times; benchmark_app does as many synchronous inferences. Ratios are paired within a round.

What a session adds is also told inference by inference, as the share by which it exceeds the latency that OpenVINO
itself reports of the same inference: that is free of what differs between two processes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edge_sdk.packages.package import Package
from tests.perf.row_report import output_of, package_path, write_rows

PACKAGES = ("phantom-s-int8", "hippocampus-s-pruned-int8")
TOOL = Path(sys.executable).with_name("benchmark_app")
MEDIAN = re.compile(r"Median:\s+([0-9.]+) ms")
SESSION = """
import json, sys, time
from edge_sdk.packages.package import Package
from apps.benchmark.denormals import flush_denormals
flush_denormals()
with Package(sys.argv[1]) as package, package.open("openvino", int(sys.argv[2])) as session:
    patch, times, shares = package.selftest_vector.patch, [], []
    request = session.inner._request
    for _ in range(int(sys.argv[3])):
        start = time.perf_counter()
        session.infer(patch)
        times.append(1000 * (time.perf_counter() - start))
        shares.append(100 * (times[-1] / request.latency - 1))
print(json.dumps([sorted(each)[len(each) // 2] for each in (times, shares)]))
"""
HEADINGS = {
    "package": "package",
    "threads": "threads",
    "session_ms": "our session, ms",
    "tool_ms": "benchmark_app, ms",
    "overhead": "overhead, %",
    "quartiles": "quartiles",
    "added": "added to OpenVINO's latency, %",
}


def main() -> None:
    """Measure every package with every number of threads; write overhead.json and overhead.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.overhead", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--inferences", type=int, default=300)
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    arguments = parser.parse_args()
    rows = [
        measured(package_path(name), threads, arguments.rounds, arguments.inferences)
        for name in PACKAGES
        for threads in arguments.threads
    ]
    write_rows(
        arguments.output / "overhead",
        "session overhead",
        rows,
        HEADINGS,
        rounds=arguments.rounds,
        inferences=arguments.inferences,
    )


def measured(path: Path, threads: int, rounds: int, inferences: int) -> dict[str, Any]:
    """One package: medians of both ways, and of the paired overhead; the first round does not count."""
    samples: dict[str, list[float]] = {"session": [], "tool": []}
    shares: list[float] = []
    with Package(path) as package:
        model = package.folder / "openvino" / "model.xml"
        for number in range(rounds + 1):
            for way in sorted(samples, reverse=bool(number % 2)):
                if way == "session":
                    milliseconds, share = _session(path, threads, inferences)
                    shares.append(share)
                else:
                    milliseconds = _tool(model, threads, inferences)
                samples[way].append(milliseconds)
    ours, tool = (np.array(samples[way][1:]) for way in ("session", "tool"))
    overhead = 100 * (ours / tool - 1)
    low, middle, high = (round(float(value), 2) for value in np.percentile(overhead, (25, 50, 75)))
    return {
        "package": path.name,
        "threads": threads,
        "session_ms": round(float(np.median(ours)), 2),
        "tool_ms": round(float(np.median(tool)), 2),
        "overhead": middle,
        "quartiles": f"{low} to {high}",
        "added": round(float(np.median(shares[1:])), 2),
        "samples_ms": {way: found[1:] for way, found in samples.items()},
    }


def _session(package: Path, threads: int, inferences: int) -> tuple[float, float]:
    """Median milliseconds, and the median share in % that the session adds to OpenVINO's own latency."""
    command = [sys.executable, "-c", SESSION, str(package), str(threads), str(inferences)]
    milliseconds, share = json.loads(output_of(command).splitlines()[-1])
    return milliseconds, share


def _tool(model: Path, threads: int, inferences: int) -> float:
    command = [str(TOOL), "-m", str(model), "-d", "CPU", "-api", "sync", "-infer_precision", "f32"]
    # With a hint the tool takes no number of threads; one stream is what the latency hint gives.
    command += ["-hint", "none", "-nstreams", "1"]
    found = MEDIAN.search(output_of([*command, "-nthreads", str(threads), "-niter", str(inferences)]))
    if found is None:
        raise SystemExit("benchmark_app printed no median")
    return float(found.group(1))


if __name__ == "__main__":
    main()
