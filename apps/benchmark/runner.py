"""Starts a worker for a target, follows its progress, and reports how it ended."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from apps.benchmark.report import RunStatus, TargetReport
from apps.benchmark.target_job import TargetJob
from apps.benchmark.worker import PROGRESS
from edge_sdk.device_memory import with_cache_in
from edge_sdk.process_end import how_it_ended
from edge_sdk.progress import Progress

WORKER = (sys.executable, "-m", "apps.benchmark.worker")


def run_in_process(job: TargetJob, progress: Progress, command: Sequence[str] = WORKER) -> TargetReport:
    """Measure a target in a process of its own.

    Args:
        job: The target, and how it is measured.
        progress: Follows the worker.
        command: Starts the worker; the files of job and result are appended.

    Returns:
        The worker's report; of one that crashed, a report that says how.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sdk-benchmark-") as scratch:
        job_file, result_file, stderr_file = (
            Path(scratch) / name for name in ("job.json", "result.json", "stderr.txt")
        )
        job_file.write_text(job.model_dump_json())
        with (
            stderr_file.open("w+") as errors,
            subprocess.Popen(
                [*command, job_file, result_file],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # So that the first opening is one: nothing is known or compiled from before.
                env=with_cache_in(Path(scratch)),
            ) as worker,
        ):
            try:
                for line in worker.stdout or ():
                    _forward_progress(line, progress)
                status = worker.wait()
            except BaseException:
                worker.kill()
                raise
        if result_file.exists() and status == 0:
            return TargetReport.model_validate_json(result_file.read_text())
        why = how_it_ended(status, stderr_file.read_text(errors="replace"))
        return TargetReport.without_numbers(job.target, RunStatus(state="failed", why=why), job.package_bytes)


def _forward_progress(line: str, progress: Progress) -> None:
    if line.startswith(PROGRESS):
        done, total, text = line.removeprefix(PROGRESS).rstrip("\n").split("\t")
        progress(int(done), int(total), text)
