"""Starts a worker for a target, follows its progress, and tells what became of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apps.benchmark.worker import PROGRESS, Job, with_all_groups
from edge_sdk.device_memory import with_cache_in
from edge_sdk.process_end import how_it_ended
from edge_sdk.progress import Progress

WORKER = (sys.executable, "-m", "apps.benchmark.worker")


def run_in_process(job: Job, progress: Progress, command: Sequence[str] = WORKER) -> dict[str, Any]:
    """Measure a target in a process of its own.

    Args:
        command: Starts the worker; the files of job and result are added.

    Returns:
        The worker's result; of one that crashed, a result that says how.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sdk-benchmark-") as scratch:
        asked, found, said = (Path(scratch) / name for name in ("job.json", "result.json", "stderr.txt"))
        asked.write_text(job.to_json())
        with (
            said.open("w+") as errors,
            subprocess.Popen(
                [*command, asked, found],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # So that the first opening is one: nothing is known or compiled from before.
                env=with_cache_in(Path(scratch)),
            ) as worker,
        ):
            try:
                assert worker.stdout is not None
                for line in worker.stdout:
                    _tell(line, progress)
                status = worker.wait()
            except BaseException:
                worker.kill()
                raise
        if found.exists() and status == 0:
            result: dict[str, Any] = json.loads(found.read_text())
            return result
        return not_run(job.target, "failed", how_it_ended(status, said.read_text(errors="replace")))


def not_run(target: str, state: str, why: str) -> dict[str, Any]:
    """The result of a target that gave no numbers."""
    return with_all_groups({"target": target, "status": {"state": state, "why": why}}, f"{state}: {why}")


def _tell(line: str, progress: Progress) -> None:
    if line.startswith(PROGRESS):
        done, total, text = line.removeprefix(PROGRESS).rstrip("\n").split("\t")
        progress(int(done), int(total), text)
