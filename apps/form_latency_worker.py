"""The process in which forms run: `python -m apps.form_latency_worker JOB.json` prints the samples as JSON."""

from __future__ import annotations

import os
import random
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from apps.form_latency_job import LatencyAnswer, LatencyJob
from quantization.records.forms import LatencyConditions

SEED = 0


def measure(job: LatencyJob) -> LatencyAnswer:
    """Open every form, drop one round, and time the others; before each sample one inference does not count, for the
    other forms have had the caches since the last one."""
    from apps.benchmark.denormals import flush_denormals
    from edge_sdk.device import describe_device
    from targets.registry import TARGETS

    flush_denormals()
    patch = np.random.default_rng(SEED).normal(size=(1, 1, *job.patch)).astype(np.float32)
    order = random.Random(SEED)
    samples: dict[str, list[float]] = {name: [] for name in job.folders}
    with ExitStack() as stack:
        sessions = {
            name: stack.enter_context(TARGETS[job.target].open(folder, precision="fp32", threads=job.threads))
            for name, folder in job.folders.items()
        }
        for number in range(job.rounds + 1):
            for name in order.sample(sorted(sessions), len(sessions)):
                sessions[name].infer(patch)
                start = time.perf_counter()
                sessions[name].infer(patch)
                if number > 0:
                    samples[name].append(1000 * (time.perf_counter() - start))
        described = next(iter(sessions.values())).description
    facts = {name: fact.value for name, fact in describe_device().items() if name in ("cpu", "isa", "machine")}
    conditions = LatencyConditions.model_validate(
        {
            "runtime": described.runtime,
            "threads": described.threads,
            "patch": job.patch,
            "protocol": "one patch, forms interleaved in random order, medians over the rounds",
            **{name: value for name, value in facts.items() if value is not None},
        }
    )
    return LatencyAnswer(samples_ms=samples, conditions=conditions)


def main(job: str) -> None:
    """Measure and answer on stdout; what runtimes print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer = measure(LatencyJob.model_validate_json(Path(job).read_text()))
    # What a device does not tell stays out of the record.
    answers.write(answer.model_dump_json(exclude_unset=True))
    answers.close()


if __name__ == "__main__":
    main(sys.argv[1])
