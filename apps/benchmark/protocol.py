"""How latency is taken: single stream, back to back, warm-up apart, samples kept.

The shape follows MLPerf Inference's single-stream scenario: a fixed seed, a least number of samples and a least
duration, pre- and post-processing apart from inference.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from apps.benchmark.energy import EnergyMeter
from apps.benchmark.shared_groups import ProtocolGroup
from apps.benchmark.target_groups import EnergyGroup, ThermalGroup
from apps.benchmark.thermal import thermal_group, thermal_state
from apps.report.measured import NotMeasured
from edge_sdk.gray_range import UINT8_RANGE
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress
from edge_sdk.session import Patch, Session


@dataclass(frozen=True)
class MeasurementProtocol:
    """How the latency of every target is measured.

    Attributes:
        warmup: Inferences that are timed but not counted.
        samples: Least number of inferences that count.
        min_seconds: Least duration of these.
        seed: Seed of the random patch.
        threads: For the runtime; None leaves it to the runtime.
    """

    warmup: int = 5
    samples: int = 100
    min_seconds: float = 10.0
    seed: int = 0
    threads: int | None = None

    def group(self) -> ProtocolGroup:
        """The group "protocol" of the report."""
        return ProtocolGroup(
            warmup=self.warmup,
            samples=self.samples,
            min_seconds=self.min_seconds,
            seed=self.seed,
            threads="left to the runtime" if self.threads is None else self.threads,
            mode="single stream, back to back, batch 1",
            stop_rule=f"at least {self.samples} inferences and at least {self.min_seconds:g} s, whichever is later",
            clock="time.perf_counter around Session.infer, its copies in and out included",
            isolation="every target in a process of its own, one after the other",
        )


@dataclass(frozen=True)
class LatencyRun:
    """The inferences of one target.

    Attributes:
        first_s: Latency of the first inference, seconds.
        warmup_s: Latencies of the warm-up, seconds, in order of time.
        samples_s: Latencies that count, seconds, in order of time.
        total_s: Duration of the inferences that count, seconds.
        energy: Energy of the inferences that count.
        thermal: The CPU before and after them.
    """

    first_s: float
    warmup_s: list[float]
    samples_s: list[float]
    total_s: float
    energy: EnergyGroup | NotMeasured
    thermal: ThermalGroup


def random_patch(manifest: Manifest, seed: int) -> Patch:
    """A network input (1, C, D, H, W) of uniformly random 8-bit voxels, normalized as the package says."""
    shape = (1, manifest.in_channels, *manifest.patch)
    voxels = np.random.default_rng(seed).integers(0, 256, shape)
    return manifest.normalization.for_range(UINT8_RANGE).resolved(voxels).apply(voxels)


def measure_latency(
    session: Session, patch: Patch, protocol: MeasurementProtocol, progress: Progress | None = None
) -> LatencyRun:
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
    thermal = thermal_group(before, thermal_state(), [1000.0 * value for value in samples])
    return LatencyRun(first, warmup, samples, total, energy.report(len(samples), total), thermal)
