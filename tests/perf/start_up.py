"""How long a package takes to start, the first time on a device and later: `python -m tests.perf.start_up -o DIR`.

Each start is a process of its own. The first one of a round finds an empty cache, the second what the first kept there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edge_sdk.device_memory import with_cache_in
from edge_sdk.packages.package import Package
from targets.registry import TARGETS
from tests.perf.row_report import output_of, package_path, write_rows

PACKAGES = ("phantom-s-int8", "hippocampus-s-int8", "hippocampus-s-pruned-int8")
HEADINGS = {
    "package": "package",
    "target": "runtime",
    "first_open_ms": "first open, ms",
    "second_open_ms": "second open, ms",
    "second_first_result_ms": "second start to first result, ms",
    "compiled": "second time",
}


def main() -> None:
    """Start every package on every runtime; write start_up.json and start_up.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.start_up", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    rows = []
    for package in PACKAGES:
        with Package(package_path(package)) as opened:
            held = [name for name in opened.targets if TARGETS[name].missing() is None]
        rows += [measured(package, name, asked.threads, asked.rounds) for name in held]
    write_rows(asked.output / "start_up", "start-up", rows, HEADINGS, rounds=asked.rounds, threads=asked.threads)


def measured(package: str, target: str, threads: int, rounds: int) -> dict[str, Any]:
    """Medians over the rounds; opening counts the reading and checking of the package, but not Python's imports."""
    starts: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            environment = with_cache_in(Path(folder))
            first, second = (_start(package, target, threads, environment) for _ in range(2))
            starts.append((first, second))
    firsts, seconds = zip(*starts, strict=True)
    return {
        "package": package,
        "target": target,
        "first_open_ms": _median(firsts, "open_ms"),
        "second_open_ms": _median(seconds, "open_ms"),
        "second_first_result_ms": _median(seconds, "first_result_ms"),
        "compiled": seconds[0]["compiled"],
        "starts": starts,
    }


def _median(starts: tuple[dict[str, Any], ...], moment: str) -> int:
    return round(float(np.median([start[moment] - start["import_ms"] for start in starts])))


def _start(package: str, target: str, threads: int, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.perf.one_start", str(package_path(package)), target, str(threads)]
    started: dict[str, Any] = json.loads(output_of(command, environment).splitlines()[-1])
    return started


if __name__ == "__main__":
    main()
