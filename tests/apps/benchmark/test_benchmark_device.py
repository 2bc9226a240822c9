"""Denormals, energy, heat and memory: against hand-made counters and the CPU itself."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from apps.benchmark import thermal
from apps.benchmark.denormals import denormals_are_flushed, flush_denormals
from apps.benchmark.energy import EnergyMeter
from apps.benchmark.target_groups import DecileDrift
from apps.benchmark.thermal import decile_drift
from apps.report.memory import forget_peak, peak_rss_mb, rss_mb


def test_denormals_are_flushed_in_the_thread_and_its_children_only() -> None:
    seen: dict[str, object] = {}

    def parent() -> None:
        seen["problem"] = flush_denormals()
        child = threading.Thread(target=lambda: seen.update(child=denormals_are_flushed()))
        child.start()
        child.join()
        seen["normal"] = float(np.float32(3.0) * np.float32(0.5))

    thread = threading.Thread(target=parent)
    thread.start()
    thread.join()
    if seen["problem"]:
        pytest.skip(str(seen["problem"]))
    assert seen["child"] is True
    assert seen["normal"] == 1.5
    assert not denormals_are_flushed()


def powercap(root: Path, zones: dict[str, tuple[str, int]]) -> None:
    for folder, (name, microjoules) in zones.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "name").write_text(name + "\n")
        (root / folder / "max_energy_range_uj").write_text("1000000\n")
        (root / folder / "energy_uj").write_text(f"{microjoules}\n")


def test_energy_adds_packages_once_and_wraps(tmp_path: Path) -> None:
    zones = {"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:1": "package-1", "intel-rapl:2": "psys"}
    powercap(tmp_path, {folder: (name, 900_000) for folder, name in zones.items()})
    meter = EnergyMeter(tmp_path)
    powercap(tmp_path, {folder: (name, 950_000) for folder, name in zones.items()})
    meter.advance()
    assert meter.joules == pytest.approx(0.1)
    powercap(tmp_path, {folder: (name, 50_000) for folder, name in zones.items()})
    meter.advance()
    assert meter.joules == pytest.approx(0.3)
    report = meter.report(inferences=3, seconds=2.0)
    assert report.joules_per_inference == pytest.approx(0.1)
    assert report.mean_watts == pytest.approx(0.15)
    assert "package-0, package-1" in report.scope


def test_energy_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert "lists no energy counter" in EnergyMeter(tmp_path).report(1, 1.0).why
    powercap(tmp_path, {"intel-rapl:0": ("package-0", 1)})
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    meter = EnergyMeter(tmp_path)
    meter.advance()
    assert "cannot be read" in meter.report(1, 1.0).why


def test_drift_between_deciles() -> None:
    assert "20 samples" in decile_drift([1.0] * 19).why
    found = decile_drift([1.0] * 3 + [5.0] * 24 + [2.0] * 3)
    assert found == DecileDrift(first_ms=1.0, last_ms=2.0, last_to_first=2.0)


def test_throttling_is_counted_over_all_cores(tmp_path: Path) -> None:
    assert "no throttle counters" in thermal._throttled(tmp_path).why
    for core, count in (("cpu0", 3), ("cpu1", 4)):
        (tmp_path / core / "thermal_throttle").mkdir(parents=True)
        (tmp_path / core / "thermal_throttle" / "core_throttle_count").write_text(f"{count}\n")
    assert thermal._throttled(tmp_path) == 7


def test_peak_memory_counts_what_was_given_back() -> None:
    forget_peak()
    before = rss_mb()
    block = np.ones(40_000_000, np.uint8)
    assert peak_rss_mb() - before == pytest.approx(40, abs=8)
    del block
    assert peak_rss_mb() - before == pytest.approx(40, abs=8)
