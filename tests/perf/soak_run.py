"""A long stream, watched from outside: what it holds, second by second."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import psutil

from tests.perf.exports import ROOT, last_line

PERIOD_S = 1.0


def watched(arguments: Sequence[str], seconds: float) -> list[dict[str, float]]:
    """Run `edge-sdk ARGUMENTS` to its end; this program ends where it fails.

    Args:
        arguments: The command line.
        seconds: What happens later than this is not sampled, such as the writing of reports.

    Returns:
        Samples: "time_s" since the start of the process, "rss_mb" (10⁶ bytes), "threads", "open_files".
    """
    samples = []
    with tempfile.TemporaryFile("w+") as printed:
        command = [sys.executable, "-m", "apps", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=printed, stderr=subprocess.STDOUT, text=True)
        try:
            outside, start = psutil.Process(process.pid), time.monotonic()
            while process.poll() is None:
                if time.monotonic() - start < seconds:
                    samples.append({"time_s": time.monotonic() - start, **_held(outside)})
                time.sleep(PERIOD_S)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            printed.seek(0)
            raise SystemExit(f"{' '.join(arguments[:1])}: {last_line(printed.read())}")
    return samples


def _held(process: psutil.Process) -> dict[str, float]:
    with process.oneshot():
        return {
            "rss_mb": process.memory_info().rss / 1e6,
            "threads": process.num_threads(),
            "open_files": process.num_fds(),
        }
