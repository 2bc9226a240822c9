"""One target measured in a process of its own: `python -m apps.benchmark.worker JOB.json RESULT.json`.

So that what another target left behind (memory, thread pools) is not counted, and a runtime that crashes takes
nothing else with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from apps.benchmark.measurement import measure_target
from apps.benchmark.target_job import TargetJob

PROGRESS = "progress\t"
"""Begins a line on stdout that reports progress: done, total and text follow, separated by tabs."""


def main(job: str, result: str) -> None:
    """Measure the target that the file `job` names, and write its report to the file `result`."""

    def print_progress(done: int, total: int, text: str) -> None:
        print(f"{PROGRESS}{done}\t{total}\t{text}", flush=True)

    report = measure_target(TargetJob.model_validate_json(Path(job).read_text()), print_progress)
    Path(result).write_text(json.dumps(report.as_json(), allow_nan=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
