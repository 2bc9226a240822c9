"""The benchmark of every package that ships: recipes with nulls in them, and devices named after a runtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.benchmark.report import BenchmarkReport
from apps.benchmark.report_files import blank_fields, read_report
from tests.apps.commands_fixtures import failure, run

PACKAGES = sorted((Path(__file__).resolve().parents[3] / "models").glob("*.edgepkg"))
PHANTOM = next(path for path in PACKAGES if path.stem == "phantom-s-int8")
QUICK = ("--samples", 2, "--warmup", 1, "--min-seconds", 0)


def written(folder: Path) -> BenchmarkReport:
    """The report in a folder, whose three files must be there."""
    assert (folder / "report.html").stat().st_size > 0
    assert (folder / "report.md").stat().st_size > 0
    assert list(blank_fields(json.loads((folder / "report.json").read_text()))) == []
    return read_report(folder / "report.json")


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.stem)
def test_every_package_gets_its_report(tmp_path: Path, package: Path) -> None:
    status, _, stderr = run("benchmark", package, "--target", "openvino", "-o", tmp_path, *QUICK)
    assert (status, stderr) == (0, "")
    (measured,) = written(tmp_path).targets
    assert measured.status.state == "ok"
    assert measured.latency.p50 > 0


@pytest.mark.parametrize("target", ["openvino:NPU", "onnxruntime:XNNPACK"])
def test_a_device_that_is_not_here_is_told(tmp_path: Path, target: str) -> None:
    printed = failure("benchmark", PHANTOM, "--target", target, "-o", tmp_path, *QUICK)
    assert f"{target} skipped: not run" in printed
    report = written(tmp_path)
    assert report.targets[0].target == target
    assert report.status.state == "failed"
