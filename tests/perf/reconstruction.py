"""Milliseconds per frame of every way to reconstruct, beside numpy: `python -m tests.perf.reconstruction -o DIR`.

One process; every way once a round, in random order; the second pass of the frames through a new volume is timed;
medians over the rounds. Numbers of PLUS's own C++ are quoted, not measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import edge_sdk
from apps.benchmark.identity import device
from apps.report.html import not_measured
from apps.report.texts import write_texts
from edge_sdk.volume.holes.filling import fill_holes
from edge_sdk.volume.reconstruct import make_compounder
from tests.perf.exports import ROOT
from tests.perf.numpy_insertion import NumpyCompounder
from tests.perf.reconstruction_cases import SHAPE, STICK, Case, Frames, cases, frames
from tests.perf.reconstruction_table import markdown

THREADS = (1, 2)
PLUS_HOLES_S = (0.30, 0.27)
QUOTED = (
    "PLUS's C++ (IGSIO, -O3) on a two-core machine of this kind, from the project's notes; not measured in this run. "
    "Linear mean on two threads ran from 27 to 46 frames/s; the faster is quoted"
)


def main() -> None:
    """Parse, measure, write reconstruction.json and reconstruction.md."""
    arguments = _parser().parse_args()
    given, ways = frames(), cases()
    begin = os.getloadavg()
    samples = _rounds(given, ways, arguments.rounds, arguments.numpy_frames, random.Random(arguments.seed))
    report = {
        "kind": "edge-sdk reconstruction",
        "schema": 1,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "sdk_version": edge_sdk.__version__,
        "settings": {"rounds": arguments.rounds, "frames": len(given.images), "frame_size": list(SHAPE[::-1])},
        "protocol": {
            "frames": given.source,
            "volume": f"0.5 mm around all frames: {' × '.join(map(str, given.grid(None).shape[::-1]))} voxels; with "
            f"the fan {' × '.join(map(str, given.grid(given.fan).shape[::-1]))}",
            "rounds": "every way once a round in random order; of two passes of the frames through a new volume the "
            "second is timed; medians; one round before is dropped",
            "one by one": "insert() for each frame, as a live stream does; read-out and hole filling apart",
            "all at once": "insert_all() with the whole sweep",
            "mean (plus), maximum, latest": "in PLUS's 8-bit arithmetic and its Optimization FULL, equal to PLUS's "
            "volumes voxel for voxel",
            "mean (true)": "the mean of all pixels, rounded once",
            "numpy": f"one thread, the first {arguments.numpy_frames} frames; np.add.at, np.maximum.at, the true mean",
            "PLUS": QUOTED,
        },
        "device": {**device().as_json(), "load_average_begin": list(begin), "load_average_end": list(os.getloadavg())},
        "insertion": [_row(case, samples) for case in ways],
        "agreement_with_numpy": _agreement(given, ways),
        "hole_filling": _holes(samples),
        "first_frame": [_first_frame(interpolation, arguments.starts) for interpolation in ("nearest", "linear")],
        "memory": _child("sweep", env={}),
    }
    text = markdown(report)
    write_texts(
        arguments.output / "reconstruction", {".json": json.dumps(report, indent=1, allow_nan=False), ".md": text}
    )
    print(text)


def _rounds(given: Frames, ways: list[Case], rounds: int, few: int, order: random.Random) -> dict[Any, list[float]]:
    """Seconds by (name, threads or "numpy", how), a value a round."""
    jobs: list[Any] = [(case, threads, how) for case in ways for threads in THREADS for how in ("one", "all")]
    # The mean of numpy is the true one, whichever of ours it stands beside.
    jobs += [(case, "numpy", "one") for case in ways if case.settings.mean != "plus" or "mean" not in case.name]
    filled = _golden(given)
    jobs += [("holes", threads, "one") for threads in THREADS]
    samples: dict[Any, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for case, threads, how in order.sample(jobs, len(jobs)):
            if case == "holes":
                start = time.perf_counter()
                fill_holes(*filled, STICK, threads=threads)
                seconds, name = time.perf_counter() - start, "holes"
            else:
                seconds, name = _time(given, case, threads, how, few), case.name
            if number:
                samples[name, threads, how].append(seconds)
        print(f"round {number} of {rounds} done", file=sys.stderr, flush=True)
    return samples


def _time(given: Frames, case: Case, threads: Any, how: str, few: int) -> float:
    """Seconds per frame of one way in the second pass of the frames through one volume: those of a running sweep."""
    settings = given.settings(case)
    grid = given.grid(settings.clip)
    if threads == "numpy":
        return _passes(NumpyCompounder(grid, settings, SHAPE).insert, given, min(few, len(given.images)))
    compounder = make_compounder(grid, settings, threads=threads)
    if how == "one":
        return _passes(compounder.insert, given, len(given.images))
    compounder.insert_all(given.images, given.poses)
    start = time.perf_counter()
    compounder.insert_all(given.images, given.poses)
    return (time.perf_counter() - start) / len(given.images)


def _passes(insert: Callable[[Any, Any], object], given: Frames, count: int) -> float:
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        for image, pose in zip(given.images[:count], given.poses[:count], strict=True):
            insert(image, pose)
        seconds = (time.perf_counter() - start) / count
    return seconds


def _golden(given: Frames) -> tuple[Any, Any]:
    """The volume of the NN_MEAN configuration before hole filling, and what was hit."""
    compounder = make_compounder(given.grid(given.golden.clip), given.golden)
    compounder.insert_all(given.images, given.poses)
    return compounder.voxels(), compounder.hit()


def _row(case: Case, samples: dict[Any, list[float]]) -> dict[str, Any]:
    def ms(name: str, threads: Any, how: str = "one") -> float:
        return 1000 * float(np.median(samples[name, threads, how]))

    beside = case.name.replace("(plus)", "(true)")
    numpy = ms(beside, "numpy")
    row: dict[str, Any] = {"way": case.name}
    for number, threads in enumerate(THREADS):
        plus = not_measured("none published") if case.plus_ms is None else case.plus_ms[number]
        row |= {f"ms_{threads}": ms(case.name, threads), f"all_ms_{threads}": ms(case.name, threads, "all")}
        row |= {f"plus_ms_{threads}": plus, f"times_faster_{threads}": numpy / row[f"ms_{threads}"]}
        row[f"samples_ms_{threads}"] = [1000 * value for value in samples[case.name, threads, "one"]]
    return {**row, "numpy_ms": numpy}


def _agreement(given: Frames, ways: list[Case]) -> list[dict[str, Any]]:
    """Ours, with positions as fine, and numpy's volume of the first frames: that both do the same work."""
    rows = []
    for case in ways:
        if "(plus)" in case.name:
            continue
        settings = replace(given.settings(case), plus_optimization=None)
        grid = given.grid(settings.clip)
        ours, numpy = make_compounder(grid, settings), NumpyCompounder(grid, settings, SHAPE)
        for image, pose in zip(given.images[:3], given.poses[:3], strict=True):
            ours.insert(image, pose)
            numpy.insert(image, pose)
        one, two = ours.voxels().astype(int), numpy.voxels().astype(int)
        apart = np.abs(one - two)[(one > 0) | (two > 0)]
        rows.append({"way": case.name, "within_1": float((apart <= 1).mean())})
    return rows


def _holes(samples: dict[Any, list[float]]) -> list[dict[str, Any]]:
    return [
        {
            "threads": threads,
            "seconds": float(np.median(samples["holes", threads, "one"])),
            "plus_seconds": PLUS_HOLES_S[number],
        }
        for number, threads in enumerate(THREADS)
    ]


def _first_frame(interpolation: str, starts: int) -> dict[str, Any]:
    """Seconds from a process's start to its first frame: with an empty cache of compiled code, and later ones."""
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(starts + 1):
            start = time.monotonic()
            ready_at = _child("frame", interpolation, env={"NUMBA_CACHE_DIR": folder})
            times.append({name: value - start for name, value in ready_at.items()})
    later = {name: float(np.median([each[name] for each in times[1:]])) for name in times[0]}
    return {"way": f"{interpolation} mean (true)", "first_process_s": times[0], "later_process_s": later}


def _child(*arguments: str, env: dict[str, str]) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.perf.first_frame", *arguments],
        cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.perf.reconstruction", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-out"), help="folder for the two reports")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--numpy-frames", type=int, default=3, help="that the numpy implementation inserts a round")
    parser.add_argument("--starts", type=int, default=3, help="processes after the first, for its start-up time")
    parser.add_argument("--seed", type=int, default=0, help="of the order within a round")
    return parser


if __name__ == "__main__":
    main()
