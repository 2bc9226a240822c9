"""Our side: `edge-sdk stream` as a whole process, and what it reported."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from apps.stream.results.report import StreamReport
from apps.stream.results.summary import StreamSummary
from edge_sdk import read_volume
from tests.perf.live_cases import Case, edge_sdk

ASKED = ("frames_inserted", "frames_dropped", "latency_ms_p50", "latency_ms_p95", "final_mask_s", "peak_rss_mb")
"""Numbers of summary.json that are compared."""


def stream_arguments(case: Case, options: str, threads: int, output: Path) -> list[str]:
    """The command line of a stream that replays a case; `options` follow the source's "?"."""
    config = [argument for path in case.config for argument in ("--config", str(path))]
    source = f"replay:{case.sweep}?{options}"
    package = ("--package", str(case.package), "--threads", str(threads))
    return ["stream", "--source", source, *config, *package, "-o", str(output)]


class Stream:
    """Streams a case once a round."""

    def __init__(self, case: Case, fps: float, threads: int) -> None:
        self.case, self._fps, self._threads = case, fps, threads
        self.samples: list[dict[str, Any]] = []

    def run(self, *, keep: bool) -> None:
        """One stream in a process of its own."""
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder)
            start = time.perf_counter()
            edge_sdk(*stream_arguments(self.case, f"fps={self._fps:g}", self._threads, output))
            seconds = time.perf_counter() - start
            summary = StreamSummary.model_validate_json((output / "summary.json").read_text())
            report = StreamReport.model_validate_json((output / "report.json").read_text())
            voxels = read_volume(output / "volume.nii.gz").voxels
        if keep:
            self.samples.append(
                {
                    **summary.model_dump(include=set(ASKED)),
                    "process_s": seconds,
                    "target": report.session.target,
                    "tiles": report.tiles.model_dump(),
                    "stages": [stage.model_dump() for stage in report.stages],
                    "queues": [queue.model_dump() for queue in report.queues],
                    "volume": {"shape": list(voxels.shape), "sum": int(voxels.sum(dtype=int))},
                }
            )
