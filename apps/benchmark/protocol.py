"""How latency is taken: single stream, back to back, warm-up apart, samples kept.

The shape follows MLPerf Inference's single-stream scenario: a fixed seed, a least number of samples and a least
duration, pre- and post-processing apart from inference.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from apps.benchmark.energy import EnergyMeter
from apps.benchmark.thermal import thermal_report, thermal_state
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress
from edge_sdk.session import Patch, Session


@dataclass(frozen=True)
class Protocol:
    """What is asked of every target.

    Attributes:
        warmup: Inferences that are timed but not counted.
        samples: Least number of inferences that count.
        min_seconds: Least duration of these.
        seed: Of the random patch.
        threads: For the runtime; None leaves it to the runtime.
    """

    warmup: int = 5
    samples: int = 100
    min_seconds: float = 10.0
    seed: int = 0
    threads: int | None = None

    def described(self) -> dict[str, Any]:
        """For the report."""
        return {
            **asdict(self),
            "threads": self.threads if self.threads is not None else "left to the runtime",
            "mode": "single stream, back to back, batch 1",
            "stop_rule": f"at least {self.samples} inferences and at least {self.min_seconds:g} s, whichever is later",
            "clock": "time.perf_counter around Session.infer, its copies in and out included",
            "isolation": "every target in a process of its own, one after the other",
        }


@dataclass(frozen=True)
class Measured:
    """What the protocol gave; latencies in seconds, in order of time."""

    first_s: float
    warmup_s: list[float]
    samples_s: list[float]
    total_s: float
    energy: dict[str, Any]
    thermal: dict[str, Any]


def random_patch(manifest: Manifest, seed: int) -> Patch:
    """A network input (1, C, D, H, W) of uniformly random 8-bit voxels, normalized as the package says."""
    shape = (1, manifest.in_channels, *manifest.patch)
    voxels = np.random.default_rng(seed).integers(0, 256, shape)
    return manifest.normalization.resolved(voxels).apply(voxels)


def measure(session: Session, patch: Patch, protocol: Protocol, progress: Progress | None = None) -> Measured:
    """First inference, warm-up, and measured inferences until the stop rule holds."""

    def infer() -> float:
        start = time.perf_counter()
        session.infer(patch)
        return time.perf_counter() - start

    first = infer()
    warmup = [infer() for _ in range(protocol.warmup)]
    before, energy = thermal_state(), EnergyMeter()
    samples: list[float] = []
    begin = time.perf_counter()
    while len(samples) < protocol.samples or time.perf_counter() - begin < protocol.min_seconds:
        samples.append(infer())
        energy.advance()
        if progress:
            progress(len(samples), max(protocol.samples, len(samples)), f"inference on {session.target}")
    total = time.perf_counter() - begin
    thermal = thermal_report(before, thermal_state(), [1000.0 * value for value in samples])
    return Measured(first, warmup, samples, total, energy.report(len(samples), total), thermal)
