"""The roofline of a package's stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.inspection.cost import OTHER, measured_by_stage, stage_rows
from apps.inspection.peaks import MOVED_BYTES, Peaks, measure_peaks
from edge_sdk.session import ExecutedOperator
from targets.lowering.cost import Cost
from tests.apps.commands_fixtures import failure, run_json
from tests.targets.tiny_package import tiny_package

PEAKS = Peaks(int8_macs=100e9, float_macs=50e9, moved_bytes={1000: 40e9, 10**6: 10e9}, threads=2)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))


def test_each_operator_takes_the_longer_of_multiplying_and_moving() -> None:
    costs = [
        Cost("a", 10**8, 1000, integer=True),  # 1 ms multiplying
        Cost("a", 10**8, 1000, integer=False),  # 2 ms multiplying
        Cost("a", 0, 10**7, integer=False),  # 1 ms moving
        Cost("b", 1000, 800, integer=True),  # 20 ns moving at the speed of small copies
    ]
    rows = stage_rows(costs, PEAKS, {"a": 8.0, "b": 0.001, OTHER: 0.5})
    assert [row.stage for row in rows] == ["a", "b", OTHER]
    assert rows[0].least_ms == pytest.approx(4.0)
    assert rows[0].share == pytest.approx(0.5)
    assert rows[0].bound_by == "multiplying"
    assert rows[1].least_ms == pytest.approx(20e-6)
    assert rows[1].bound_by == "moving"
    assert rows[2].measured_ms == 0.5


def test_times_go_to_the_stage_of_the_name_and_none_is_lost() -> None:
    executed = [ExecutedOperator(name, "", "", "", 1.0) for name in ("a.0/sums", "a.1", "Transpose_12")]
    assert measured_by_stage(executed, {"a", "b"}) == {"a": 2.0, OTHER: 1.0}
    assert measured_by_stage([ExecutedOperator("a", "", "", "", None)], {"a"}) is None


@pytest.mark.slow
def test_peaks_are_those_of_a_computer() -> None:
    peaks = measure_peaks(1)
    assert 1e9 < peaks.float_macs < 1e13
    assert peaks.int8_macs > 1e9
    assert set(peaks.moved_bytes) == set(MOVED_BYTES)
    assert all(1e8 < speed < 1e13 for speed in peaks.moved_bytes.values())


@pytest.mark.slow
def test_a_package_is_costed_from_end_to_end(tmp_path: Path) -> None:
    package = tiny_package(tmp_path, "openvino", "onnxruntime")
    for target in ("openvino", "onnxruntime"):
        found = run_json("cost", package, "--target", target, "--threads", 1)
        *stages, total = found["stages"]
        assert total["macs"] == sum(row["macs"] for row in stages) > 0
        assert 0 < total["share"] < 1
        assert sum(row["measured_ms"] for row in stages if row["stage"] != OTHER) > 0
    assert "not in the package" in failure("cost", package, "--target", "executorch")
