"""Whether a stream can go on all day: `python -m tests.perf.soak --minutes 60 -o DIR`.

A recording is replayed again and again at 30 frames/s in one `edge-sdk stream`. Memory, threads and open files are
sampled from outside; latencies and queue depths come from the report that it leaves. The second minute is compared with
the last.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.benchmark.identity import device
from apps.report.markdown import facts, markdown_table
from apps.report.texts import write_texts
from edge_sdk import read_sweep
from tests.perf.exports import ROOT, versions
from tests.perf.live_cases import Case, cases
from tests.perf.live_stream import stream_words
from tests.perf.soak_run import watched

MINUTE_S = 60.0
RSS_GROWTH, LATENCY_GROWTH, QUEUE_GROWTH = 1.05, 1.25, 1.0
"""The last minute at most so many times the second one; of queues, so many items more."""
MINUTES = {
    "minute": "minute",
    "rss_mb": "RSS, MB",
    "threads": "threads",
    "open_files": "open files",
    "latency_ms_p50": "frame to mask p50, ms",
    "latency_ms_p95": "p95, ms",
    "held": "items in all queues, mean",
}
VERDICTS = {"what": "what", "second": "second minute", "last": "last minute", "limit": "limit", "verdict": "verdict"}


def main() -> None:
    """Parse, stream for so long, write soak.json and soak.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.soak", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for soak.json and soak.md")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "perf", help="where the simulated sweep is kept")
    asked = parser.parse_args()
    if asked.minutes < 3:
        parser.error("--minutes: at least 3, for the second is compared with the last")
    recorded, simulated = cases(asked.work)
    report = soaked(simulated if recorded.missing else recorded, asked)
    text = _markdown(report)
    write_texts(asked.output / "soak", {".json": json.dumps(report, indent=1, allow_nan=False), ".md": text})
    print(text)


def soaked(case: Case, asked: argparse.Namespace) -> dict[str, Any]:
    """Stream, and look at every minute."""
    frames = len(read_sweep(case.sweep))
    loops = math.ceil(asked.minutes * MINUTE_S * asked.fps / frames)
    seconds = loops * frames / asked.fps
    begin = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        words = stream_words(case, f"fps={asked.fps:g}&loop={loops}", asked.threads, Path(folder))
        samples = watched(words, seconds)
        streamed = json.loads((Path(folder) / "report.json").read_text())
    minutes = _minutes(samples, streamed, asked.fps, int(seconds // MINUTE_S))
    return {
        "kind": "edge-sdk soak",
        "schema": 1,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "protocol": {
            "sweep": f"{case.about}, {loops} times at {asked.fps:g} frames/s, {asked.threads} threads, one process",
            "memory, threads, files": "sampled once a second from outside the process; medians of each minute",
            "latency": "of every frame, in the order in which the mask came to contain it",
            "queues": "items in all queues together, from the report's time line",
        },
        "frames": {name: streamed["frames"][name] for name in ("read", "inserted", "dropped")},
        "final_mask_s": streamed["final_mask_s"],
        "verdicts": _verdicts(minutes, loops * frames, streamed["frames"]),
        "minutes": minutes,
        "samples": samples,
        "device": {**device(), "load_average_begin": list(begin), "load_average_end": list(os.getloadavg())},
        "versions": versions(),
    }


def _minutes(
    samples: Sequence[dict[str, float]], streamed: dict[str, Any], fps: float, count: int
) -> list[dict[str, float]]:
    """A row for every whole minute."""
    outside = {name: np.array([sample[name] for sample in samples]) for name in samples[0]}
    line = streamed["timeline"]
    moments = np.array(line["time_s"]) - line["sweep_from_s"]
    held = np.sum([np.array(depths) for depths in line["queue_depth"].values()], axis=0)
    latencies = np.array(streamed["latency_ms"]["whole_frame_in_mask"]["samples"])
    frame_moments = np.arange(len(latencies)) / fps

    def of(values: NDArray[Any], when: NDArray[Any], minute: int, how: Callable[[NDArray[Any]], Any]) -> float:
        return float(how(values[(when >= minute * MINUTE_S) & (when < (minute + 1) * MINUTE_S)]))

    return [
        {
            "minute": minute + 1,
            **{
                name: of(outside[name], outside["time_s"], minute, np.median)
                for name in ("rss_mb", "threads", "open_files")
            },
            "latency_ms_p50": of(latencies, frame_moments, minute, np.median),
            "latency_ms_p95": of(latencies, frame_moments, minute, lambda found: np.percentile(found, 95)),
            "held": of(held, moments, minute, np.mean),
        }
        for minute in range(count)
    ]


def _verdicts(minutes: Sequence[dict[str, float]], sent: int, frames: dict[str, Any]) -> list[dict[str, Any]]:
    second, last = minutes[1], minutes[-1]
    limits = {
        "rss_mb": RSS_GROWTH * second["rss_mb"],
        "latency_ms_p50": LATENCY_GROWTH * second["latency_ms_p50"],
        "latency_ms_p95": LATENCY_GROWTH * second["latency_ms_p95"],
        "held": QUEUE_GROWTH + second["held"],
        "threads": second["threads"],
        "open_files": second["open_files"],
    }
    rows = [
        {
            "what": MINUTES[name],
            "second": second[name],
            "last": last[name],
            "limit": limit,
            "within": last[name] <= limit,
        }
        for name, limit in limits.items()
    ]
    lost = sent - frames["inserted"]
    rows.append({"what": "frames not inserted, in all", "second": "–", "last": lost, "limit": 0, "within": lost == 0})
    return [{**row, "verdict": "holds" if row["within"] else "does not hold"} for row in rows]


def _markdown(report: dict[str, Any]) -> str:
    parts = [
        f"# A long stream, {report['written_utc']}",
        markdown_table(report["verdicts"], VERDICTS),
        "## Minute by minute",
        markdown_table(report["minutes"], MINUTES),
        *(
            f"## {group.capitalize()}\n\n{facts(report[group])}"
            for group in ("protocol", "frames", "device", "versions")
        ),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
