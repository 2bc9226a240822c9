"""Latency and size of a network's forms on a runtime of this device: what `quantization` knows of runtimes.

The forms are exported here and run in a process of their own, where no thread of the training framework is in the way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from apps.form_latency_job import LatencyAnswer, LatencyJob
from edge_sdk.device_memory import with_cache_in
from edge_sdk.errors import TargetError
from edge_sdk.graph import Graph
from edge_sdk.process_end import how_it_ended

if TYPE_CHECKING:
    from quantization.measurement import AnyForm, Timings

TARGET = "openvino"
ROUNDS = 21
WORKER = (sys.executable, "-m", "apps.form_latency_worker")


class FormLatency:
    """Measures forms for patches of one size; a `quantization.measurement.Measure`."""

    def __init__(
        self,
        patch: tuple[int, int, int],
        *,
        rounds: int = ROUNDS,
        threads: int | None = None,
        target: str = TARGET,
        calibration: NDArray[np.float32] | None = None,
    ) -> None:
        """
        Args:
            patch: (D, H, W) voxels, one channel.
            rounds: Every form runs once in each, in random order; one round before is dropped.
            threads: Number of threads of the runtime; None leaves it to the runtime.
            target: The runtime; forms without a deploy graph are for OpenVINO only.
            calibration: (M, 1, D, H, W), for targets whose export needs patches; default: an empty one.
        """
        self.patch, self.rounds, self.threads, self.target = patch, rounds, threads, target
        self._calibration = np.zeros((1, 1, *patch), np.float32) if calibration is None else calibration

    def __call__(self, forms: Mapping[str, AnyForm], /) -> Timings:
        """Timings of the forms, interleaved.

        Raises:
            TargetError: A form cannot be exported or run.
        """
        from quantization.measurement import Timing, Timings

        with tempfile.TemporaryDirectory(prefix="edge-sdk-forms-") as scratch:
            folders = {name: Path(scratch) / str(number) for number, name in enumerate(forms)}
            for name, form in forms.items():
                self.export(form, folders[name])
            job = LatencyJob(
                folders=folders, rounds=self.rounds, threads=self.threads, target=self.target, patch=self.patch
            )
            before = os.getloadavg()[0]
            found = _run(job, Path(scratch) / "job.json")
            sizes = {name: sum(file.stat().st_size for file in folder.iterdir()) for name, folder in folders.items()}
        timings = {name: Timing(samples, sizes[name]) for name, samples in found.samples_ms.items()}
        known_here = {"rounds": self.rounds, "load_average_at_start": round(before, 2)}
        return Timings(timings, found.conditions.model_copy(update=known_here))

    def export(self, form: AnyForm, folder: Path) -> None:
        """Write the form's artifact into `folder`.

        Raises:
            TargetError: It cannot be exported.
        """
        from targets.registry import TARGETS

        if isinstance(form, Graph):
            TARGETS[self.target].export(form, folder, self.patch, self._calibration)
            return
        from targets.openvino.export import export_module

        folder.mkdir(parents=True, exist_ok=True)
        export_module(form, folder / "model.xml", np.zeros((1, 1, *self.patch), np.float32))


def form_latency(patch: tuple[int, int, int], rounds: int = ROUNDS) -> FormLatency | None:
    """What measures on this device, or None where OpenVINO is not installed."""
    from targets.registry import TARGETS

    return None if TARGETS[TARGET].missing() else FormLatency(patch, rounds=rounds)


def _run(job: LatencyJob, file: Path) -> LatencyAnswer:
    file.write_text(job.model_dump_json())
    # Forms are opened once and thrown away: nothing of them is for the user's cache.
    own_cache = with_cache_in(file.parent)
    done = subprocess.run([*WORKER, str(file)], capture_output=True, text=True, check=False, env=own_cache)
    if done.returncode != 0:
        raise TargetError(
            f"measuring the forms failed: {how_it_ended(done.returncode, done.stderr)}",
            where=job.target,
            remedy="see edge-sdk doctor",
        )
    return LatencyAnswer.model_validate_json(done.stdout)
