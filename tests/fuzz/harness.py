"""Runs damaged files through a worker process and tells a clear error or a correct read from everything else."""

from __future__ import annotations

import gzip
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import psutil

from tests.fuzz.damage import Damage, apply
from tests.fuzz.worker import Sample, serve

LIMIT_S = 2.0
"""Processor time of one read; a busy machine makes the wall's longer."""
WALL_S = 40.0


class Harness:
    """Reads damaged samples, in a worker that is started again when it dies.

    Attributes:
        outcomes: How often files were read and refused.
    """

    def __init__(self, samples: list[Sample], folder: Path) -> None:
        self.samples, self.folder = samples, folder
        self.outcomes: Counter[str] = Counter()
        folder.mkdir()
        self._log = folder / "worker.log"
        self._start()

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def check(self, sample: int, file: int, damages: Sequence[Damage]) -> None:
        """Damage one file of a sample and read it.

        Raises:
            AssertionError: The read ended in anything but a clear error or a correct read; names the saved file.
        """
        chosen = self.samples[sample % len(self.samples)]
        name = sorted(chosen.files)[file % len(chosen.files)]
        data = chosen.files[name]
        if chosen.inflated:
            data = gzip.compress(apply(gzip.decompress(data), damages, chosen.spots), 1)
        else:
            data = apply(data, damages, chosen.spots)
        outcome, text = self._read(sample % len(self.samples), {name: data})
        if outcome not in {"read", "refused"}:
            saved = Path(tempfile.mkdtemp(prefix="damaged-"))
            for each, content in (chosen.files | {name: data}).items():
                (saved / each).write_bytes(content)
            raise AssertionError(f"{outcome}: {saved / chosen.opened} ({name}, {list(damages)}): {text}")
        self.outcomes[outcome] += 1

    def _read(self, sample: int, files: dict[str, bytes]) -> tuple[str, str]:
        before, began = self._processor_time(), time.monotonic()
        self._connection.send((sample, files))
        try:
            while not self._connection.poll(0.5):
                spent = self._processor_time() - before
                if spent > LIMIT_S or time.monotonic() - began > WALL_S:
                    self._stop()
                    self._start()
                    return "hang", f"{spent:.1f} s of processor time, {time.monotonic() - began:.1f} s in all"
            outcome: tuple[str, str] = self._connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode
            self._start()
            return "crash", f"the worker ended with {code}: {self._log.read_text(errors='replace')[-3000:]}"
        return outcome

    def _processor_time(self) -> float:
        try:
            used = psutil.Process(self._process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(used.user + used.system)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self.samples, self.folder, self._log), daemon=True)
        self._process.start()
        theirs.close()
        assert self._connection.recv() == ("ready", "")

    def _stop(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()
