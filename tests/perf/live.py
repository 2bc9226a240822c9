"""Streaming against waiting for the sweep's end: `python -m tests.perf.live -o DIR`.

Ours is `edge-sdk stream` as a whole process, which segments while frames arrive at 30 frames/s. The peer reconstructs
after the last frame and then runs MONAI's sliding window with the network as published, in PyTorch FP32. All sides take
turns, once a round in random order; ratios are paired within the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from apps.benchmark.identity import device
from apps.report.texts import write_texts
from tests.perf.exports import ROOT, versions
from tests.perf.live_cases import Case, cases
from tests.perf.live_stream import ASKED, Stream
from tests.perf.live_table import markdown
from tests.perf.rounds import PAUSE_S, Worker, measure_rounds

OVERLAPS = (0.25, 0.5)
"""The first is MONAI's default, the second what nnU-Net takes."""
PEER_ASKED = ("reconstruct_s", "inference_s", "wait_s", "peak_rss_mb")
PLUS_LINEAR_MS = (22, 37)
"""A frame of 820×616 in PLUS's C++, linear mean, two threads: quoted from earlier measurements, see README."""


def main() -> None:
    """Parse, measure each case, write live.json and live.md."""
    arguments = _parser().parse_args()
    begin = os.getloadavg()
    report = {
        "kind": "edge-sdk live",
        "schema": 1,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "protocol": {
            "rounds": f"{arguments.rounds}; every side once a round in random order after {PAUSE_S} s of rest; one "
            "round before is dropped; medians over the rounds, ratios paired within them",
            "ours": f"edge-sdk stream, replay at {arguments.fps:g} frames/s, --threads {arguments.threads}: a process "
            "of its own each time; the wait is from the last frame's time stamp to the final mask in memory",
            "peer": f"a warmed-up process, {arguments.threads} threads, frames and network in memory: our own "
            "reconstruction of the whole sweep, then MONAI's sliding_window_inference (its default blending, "
            "sw_batch_size 1, the package's patch) with the published form of the package's variant and width in "
            "PyTorch FP32, then argmax; reading, loading and compiling are not counted",
            "PLUS": f"its C++ takes {PLUS_LINEAR_MS[0]} to {PLUS_LINEAR_MS[1]} ms for a frame of 820×616 (linear mean, "
            "two threads, quoted): a peer that reconstructs with it after the sweep waits 4.1 to 7 s longer for 188",
        },
        "cases": [_measured(case, arguments) for case in cases(arguments.work)],
        "device": {**device().as_json(), "load_average_begin": list(begin), "load_average_end": list(os.getloadavg())},
        "versions": versions(),
    }
    text = markdown(report)
    write_texts(arguments.output / "live", {".json": json.dumps(report, indent=1, allow_nan=False), ".md": text})
    print(text)


def _measured(case: Case, arguments: argparse.Namespace) -> dict[str, Any]:
    header = {"case": case.name, "frames": case.description, "package": case.package.name}
    if case.missing:
        return {**header, "not_measured": case.missing}
    print(case.name, flush=True)
    ours = Stream(case, arguments.fps, arguments.threads)
    with ExitStack() as stack:
        peers = {
            overlap: stack.enter_context(_peer(case.name, overlap, arguments.threads, arguments.work))
            for overlap in OVERLAPS
        }
        measure_rounds([ours, *peers.values()], arguments.rounds, arguments.seed)
    return {
        **header,
        "ours": {name: _median(ours.samples, name) for name in ASKED} | {"target": ours.samples[0]["target"]},
        "ours_samples": ours.samples,
        "peers": [_against(ours, overlap, peer) for overlap, peer in peers.items()],
    }


def _peer(name: str, overlap: float, threads: int, work: Path) -> Worker:
    return Worker("tests.perf.live_peer", [name, str(overlap), str(threads), str(work)], threads)


def _against(ours: Stream, overlap: float, peer: Worker) -> dict[str, Any]:
    """The peer's medians, and how many times as long it lets wait."""
    if peer.problem:
        return {"overlap": overlap, "not_measured": peer.problem}
    waits = np.array([sample["final_mask_s"] for sample in ours.samples])
    ratios = {
        name: np.array([sample[key] for sample in peer.samples]) / waits
        for name, key in (("times", "wait_s"), ("times_inference_only", "inference_s"))
    }
    return {
        "overlap": overlap,
        **{name: _median(peer.samples, name) for name in PEER_ASKED},
        **{name: float(np.median(values)) for name, values in ratios.items()},
        "times_quartiles": [float(value) for value in np.percentile(ratios["times"], (25, 75))],
        "same_volume": all(sample["volume"] == peer.opened["volume"] for sample in ours.samples),
        "weights": peer.opened["weights"],
        "parameters": peer.opened["parameters"],
        "samples": peer.samples,
    }


def _median(samples: list[dict[str, Any]], name: str) -> float:
    return float(np.median([sample[name] for sample in samples]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.perf.live", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for live.json and live.md")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0, help="of the order within a round")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "perf", help="where the simulated sweep is kept")
    return parser


if __name__ == "__main__":
    main()
