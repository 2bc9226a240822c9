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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from apps.benchmark.identity import device
from apps.report.markdown import facts, markdown_table
from apps.report.texts import write_texts
from apps.stream.results.report import StreamReport
from edge_sdk import read_sweep
from tests.perf.exports import ROOT, versions
from tests.perf.live_cases import Case, cases
from tests.perf.live_stream import stream_arguments
from tests.perf.soak_minutes import MINUTE_S, MINUTES, VERDICTS, per_minute, verdicts
from tests.perf.soak_run import watched


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
        output, changing = Path(folder) / "out", with_latest(case, Path(folder))
        arguments = stream_arguments(changing, f"fps={asked.fps:g}&loop={loops}", asked.threads, output)
        samples = watched(arguments, seconds)
        streamed = StreamReport.model_validate_json((output / "report.json").read_text())
    minutes = per_minute(samples, streamed, asked.fps, int(seconds // MINUTE_S))
    return {
        "kind": "edge-sdk soak",
        "schema": 1,
        "written_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "protocol": {
            "sweep": f"{case.description}, {loops} times at {asked.fps:g} frames/s, {asked.threads} threads, "
            "one process",
            "compounding": "latest: under a mean the volume would stand still after some rounds, and the network rest",
            "memory, threads, files": "sampled once a second from outside the process; medians of each minute",
            "latency": "of every frame, in the order in which the mask came to contain it",
            "queues": "items in all queues together, from the report's time line",
        },
        "frames": streamed.frames.model_dump(include={"read", "inserted", "dropped"}),
        "network": {**streamed.tiles.model_dump(), "busy_share": _share(streamed, "segment a tile", seconds)},
        "final_mask_s": streamed.final_mask_s,
        "verdicts": verdicts(minutes, loops * frames, streamed.frames),
        "minutes": minutes,
        "samples": samples,
        "device": {**device().as_json(), "load_average_begin": list(begin), "load_average_end": list(os.getloadavg())},
        "versions": versions(),
    }


def with_latest(case: Case, folder: Path) -> Case:
    """The case with configurations, copied to a folder, in which the newest frame's voxels win."""
    copies = []
    for path in case.config:
        tree = ElementTree.parse(path)
        for settings in tree.iterfind(".//VolumeReconstruction"):
            settings.set("CompoundingMode", "LATEST")
        copies.append(folder / path.name)
        tree.write(copies[-1])
    return replace(case, config=tuple(copies))


def _share(streamed: StreamReport, step: str, seconds: float) -> float:
    """Share of the time (0 to 1) that a step took."""
    (found,) = [stage.total_s for stage in streamed.stages if stage.name == step]
    return round(found / seconds, 3)


def _markdown(report: dict[str, Any]) -> str:
    parts = [
        f"# A long stream, {report['written_utc']}",
        markdown_table(report["verdicts"], VERDICTS),
        "## Minute by minute",
        markdown_table(report["minutes"], MINUTES),
        *(
            f"## {group.capitalize()}\n\n{facts(report[group])}"
            for group in ("protocol", "frames", "network", "device", "versions")
        ),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
