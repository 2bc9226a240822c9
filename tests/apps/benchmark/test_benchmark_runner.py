"""Targets in processes of their own: progress, results, crashes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from apps.benchmark.protocol import MeasurementProtocol
from apps.benchmark.report import GROUPS
from apps.benchmark.runner import run_in_process
from apps.benchmark.target_job import TargetJob
from apps.report.measured import NotMeasured
from tests.edge_sdk.fakes import toy_package

FAKE_WORKER = """

import sys
from apps.benchmark.worker import main
from tests.edge_sdk.fakes import FakeTarget
import edge_sdk.packages.target_choice
edge_sdk.packages.target_choice.known_targets = lambda: {"alpha": FakeTarget("alpha")}
print("noise of an engine")
main(*sys.argv[1:])
"""


@pytest.fixture
def job(tmp_path: Path) -> TargetJob:
    return TargetJob(
        package=str(toy_package(tmp_path / "toy.edgepkg", "alpha")),
        package_bytes=5,
        target="alpha",
        protocol=MeasurementProtocol(1, 3, 0.0),
        volume=NotMeasured(why="none was made"),
    )


def test_result_and_progress_come_back(job: TargetJob) -> None:
    calls: list[tuple[int, int, str]] = []
    result = run_in_process(job, lambda *words: calls.append(words), [sys.executable, "-c", FAKE_WORKER])
    assert result.status.state == "ok", result.status
    assert calls[-1] == (3, 3, "inference on alpha")
    assert result.latency.n == 3
    assert result.end_to_end.why == "none was made"
    assert result.memory.inference_peak_above_baseline_mb >= 0


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.kill(os.getpid(), 11)", r"signal SIGSEGV \(it said nothing\)"),
        ("raise MemoryError('too much')", r"status 1 \(MemoryError: too much\)"),
        ("pass", "status 0"),
    ],
)
def test_crash_is_reported_and_leaves_no_blank(job: TargetJob, code: str, why: str) -> None:
    result = run_in_process(job, lambda *_: None, [sys.executable, "-c", code])
    assert result.status.state == "failed"
    assert re.search(why, result.status.why)
    assert set(result.groups()) == set(GROUPS)
    assert all(group.why for group in result.groups().values())


def test_interrupting_ends_the_worker(job: TargetJob) -> None:
    def interrupt(*_words: object) -> None:
        raise KeyboardInterrupt

    slow = "import time; print('progress\\t1\\t2\\tx', flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        run_in_process(job, interrupt, [sys.executable, "-c", slow])
