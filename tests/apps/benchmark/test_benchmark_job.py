"""Benchmarks of fake targets: every field of every group, failures, and accuracy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.benchmark.protocol import Protocol, random_patch
from apps.benchmark.report import blank_fields
from apps.benchmark.worker import GROUPS
from edge_sdk.errors import PackageError, TargetError
from edge_sdk.session import Patch
from edge_sdk.volume.files import write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.edge_sdk.fakes import FakeSession, FakeTarget, manifest

Make = Callable[..., dict[str, Any]]


class Breaking(FakeTarget):
    """Opens, and fails at the n-th inference."""

    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> FakeSession:
        session = super().open(folder, precision=precision, threads=threads)
        left = iter(range(3))

        def infer(patch: Patch) -> Patch:
            if next(left, None) is None:
                raise TargetError("the engine gave up", where=self.name)
            return FakeSession.infer(session, patch)

        session.infer = infer  # type: ignore[method-assign]
        return session


def test_every_group_is_there_and_nothing_is_blank(report_of: Make) -> None:
    report = report_of(FakeTarget("alpha"), FakeTarget("beta", missing="beta is not installed"), Breaking("gamma"))
    assert list(blank_fields(report)) == []
    json.dumps(report, allow_nan=False)
    assert {"identity", "device", "workload", "protocol", "targets", "status"} <= report.keys()
    for item in report["targets"]:
        assert set(GROUPS) <= item.keys()
    states = [item["status"]["state"] for item in report["targets"]]
    assert states == ["ok", "skipped", "failed"]
    assert report["status"]["state"] == "failed"
    assert "gamma" in report["status"]["why"]


def test_numbers_follow_from_the_samples(report_of: Make) -> None:
    (item,) = report_of(FakeTarget("alpha"))["targets"]
    samples = item["latency"]["samples"]
    assert item["latency"]["n"] == len(samples) == 4
    assert item["latency"]["p50"] == pytest.approx(np.percentile(samples, 50), abs=2e-3)
    assert item["latency"]["p90"] == pytest.approx(np.percentile(samples, 90), abs=2e-3)
    assert item["latency"]["std"] == pytest.approx(np.std(samples), abs=2e-3)
    assert "100 samples" in item["latency"]["p99"]["why"]
    assert item["throughput"]["patches_per_second"] == pytest.approx(1000 / np.mean(samples), rel=0.05)
    split = item["end_to_end"]
    assert split["pre_ms"] + split["infer_ms"] + split["post_ms"] == pytest.approx(split["volume_ms"]["p50"], rel=0.5)
    assert split["sweep_to_mask_ms"] > split["volume_ms"]["min"]
    assert item["engine_error"]["max_error"] == pytest.approx(0.0, abs=0.005)
    # The fake's operators: 1 ms in float, 3 ms in int8.
    shares = {row["precision"]: row["share_of_time"] for row in item["operators"]["by_precision"]}
    assert shares == {"int8": pytest.approx(0.75, abs=0.01), "float32": pytest.approx(0.25, abs=0.01)}


def test_p99_from_100_samples_on(report_of: Make) -> None:
    (item,) = report_of(FakeTarget("alpha"), protocol=Protocol(0, 100, 0.0))["targets"]
    assert item["latency"]["p99"] == pytest.approx(np.percentile(item["latency"]["samples"], 99), abs=2e-3)
    assert item["latency"]["warmup_ms"]["why"]
    assert item["thermal"]["deciles"]["first_ms"] > 0


def test_least_duration_holds(report_of: Make) -> None:
    (item,) = report_of(FakeTarget("alpha"), protocol=Protocol(0, 1, 0.05))["targets"]
    assert item["latency"]["measured_seconds"] >= 0.05
    assert item["latency"]["n"] > 1


def test_target_that_is_wrong_fails_and_keeps_its_numbers(report_of: Make) -> None:
    (item,) = report_of(FakeTarget("alpha", error=2.0))["targets"]
    assert item["status"]["state"] == "failed"
    assert "self-test: largest error 2" in item["status"]["why"]
    assert item["latency"]["p50"] > 0
    assert item["engine_error"]["max_error"] == pytest.approx(2.0, abs=0.01)


def test_groups_behind_a_failure_say_so(report_of: Make) -> None:
    (item,) = report_of(Breaking("alpha"))["targets"]
    assert "gave up" in item["status"]["why"]
    assert "gave up" in item["latency"]["why"]
    assert item["runtime"]["version"] == "1.2.3"


def test_nothing_that_runs_is_a_failure(report_of: Make) -> None:
    assert report_of(FakeTarget("alpha", missing="not here"))["status"]["state"] == "failed"


def test_unknown_target_is_refused(report_of: Make) -> None:
    with pytest.raises(PackageError, match=r"'omega' is not in the package; choose one of alpha, all"):
        report_of(FakeTarget("alpha"), target="omega")


def test_same_seed_gives_the_same_patch() -> None:
    first, again, other = (random_patch(manifest(), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.min() == -2.0
    assert first.max() == np.float32((255 - 128) / 64)


def test_accuracy_by_case_on_labeled_volumes(report_of: Make, tmp_path: Path) -> None:
    grid = Grid((16, 16, 16), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    voxels = np.zeros(grid.shape, np.uint8)
    voxels[:8] = 255
    truth = (voxels > 0).astype(np.uint8)
    for folder, content in (("images", voxels), ("labels", truth)):
        write_volume(Volume(content, grid), tmp_path / "data" / folder / "one.nii.gz")
    report = report_of(FakeTarget("alpha"), data=tmp_path / "data")
    (item,) = report["targets"]
    assert item["status"]["state"] == "ok", item["status"]
    # Bright voxels are class 1 in the toy network; interpolation blurs at most one plane of 8.
    ((name, scores),) = item["accuracy"]["dice_by_case"].items()
    assert name.startswith("one:")
    assert scores["bright"] > 0.9
    assert item["accuracy"]["dice"]["mean"] == scores["bright"]
    assert "reference" in item["accuracy"]["ratio"]["why"]
    assert report["workload"]["data"] == "real"
    assert list(blank_fields(report)) == []
