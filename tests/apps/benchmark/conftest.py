"""A benchmark of the fake targets, measured in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.benchmark.job import benchmark
from apps.benchmark.measurement import measure_target
from apps.benchmark.protocol import MeasurementProtocol
from apps.benchmark.report import BenchmarkReport
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

QUICK = MeasurementProtocol(warmup=1, samples=4, min_seconds=0.0, seed=3)


def quiet(_done: int, _total: int, _text: str) -> None:
    """Tells nobody."""


@pytest.fixture
def report_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BenchmarkReport]:
    """A function that benchmarks a toy package on the given fake targets."""

    def make(*targets: FakeTarget, protocol: MeasurementProtocol = QUICK, **arguments: Any) -> BenchmarkReport:
        fake_targets(monkeypatch, *targets)
        folder = tmp_path / f"package-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        # 4 mm: a small volume of the simulated sweep.
        package = toy_package(folder / "toy.edgepkg", *(item.name for item in targets), spacing_mm=(4.0, 4.0, 4.0))
        wanted = arguments.pop("target", "all")
        return benchmark(package, wanted, protocol, progress=quiet, run_target=measure_target, **arguments)

    return make
