"""Interleaved rounds: every form once a round, in random order, each in its own process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.perf.exports import ROOT, last_line
from tests.perf.forms import Form
from tests.perf.settings import Settings

PAUSE_S = 0.3
"""Before every form, so that the thread pools of the one before it stop spinning."""


class Worker:
    """A process that says once how it opened, and then, for every line that it is sent, what it measured."""

    def __init__(self, module: str, arguments: Sequence[str], threads: int) -> None:
        self.problem: str | None = None
        self.opened: dict[str, Any] = {}
        self.samples: list[dict[str, float]] = []
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the server)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)},
        )
        self.opened = self._answer() or {}

    def run(self, *, keep: bool) -> None:
        """One measurement; a worker that failed is not asked again."""
        if self.problem:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer tells
        answer = self._answer()
        if answer and keep:
            self.samples.append(answer)

    def _answer(self) -> dict[str, float] | None:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            answer: dict[str, float] = json.loads(line)
            return answer
        status = self._process.wait()
        self._errors.seek(0)
        self.problem = f"run: {last_line(self._errors.read())} (status {status})"
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()


class Server(Worker):
    """The process of one form."""

    def __init__(self, form: Form, settings: Settings, folder: Path) -> None:
        self.form = form
        arguments = ("serve", form.name, settings.to_json(), str(folder))
        super().__init__("tests.perf.form_worker", arguments, settings.threads)


def measure_rounds(servers: Sequence[Worker], rounds: int, seed: int) -> None:
    """Run every server once a round; the first of the rounds + 1 is thrown away."""
    order = random.Random(seed)
    for number in range(rounds + 1):
        for server in order.sample(servers, len(servers)):
            time.sleep(PAUSE_S)
            server.run(keep=number > 0)
        print(f"round {number} of {rounds} done", flush=True)
