"""Our side: `edge-sdk stream` as a whole process, and what it reported."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from edge_sdk import read_volume
from tests.perf.live_cases import Case, edge_sdk

ASKED = ("frames_inserted", "frames_dropped", "latency_ms_p50", "latency_ms_p95", "final_mask_s", "peak_rss_mb")


def stream_words(case: Case, options: str, threads: int, output: Path) -> list[str]:
    """The command line of a stream that replays a case; `options` follow the source's "?"."""
    config = [word for path in case.config for word in ("--config", str(path))]
    source = f"replay:{case.sweep}?{options}"
    package = ("--package", str(case.package), "--threads", str(threads))
    return ["stream", "--source", source, *config, *package, "-o", str(output)]


class Stream:
    """Streams a case each time it is told to."""

    def __init__(self, case: Case, fps: float, threads: int) -> None:
        self.case, self._fps, self._threads = case, fps, threads
        self.samples: list[dict[str, Any]] = []

    def run(self, *, keep: bool) -> None:
        """One stream in a process of its own."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder)
            start = time.perf_counter()
            edge_sdk(*stream_words(self.case, f"fps={self._fps:g}", self._threads, output))
            seconds = time.perf_counter() - start
            summary = json.loads((output / "summary.json").read_text())
            report = json.loads((output / "report.json").read_text())
            voxels = read_volume(output / "volume.nii.gz").voxels
        if keep:
            self.samples.append(
                {
                    **{name: summary[name] for name in ASKED},
                    "process_s": seconds,
                    "target": report["session"]["target"],
                    "tiles": report["tiles"],
                    "stages": report["stages"],
                    "queues": report["queues"],
                    "volume": {"shape": list(voxels.shape), "sum": int(voxels.sum(dtype=int))},
                }
            )
