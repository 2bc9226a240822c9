"""The three files of a report, and comparisons of two."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import apps.benchmark.job as job_module
from apps import cli
from apps.benchmark.comparison import compare_reports, ratio_of_medians
from apps.benchmark.comparison_page import comparison_markdown, comparison_page
from apps.benchmark.report import blank_fields, read_report, write_files, write_report
from apps.benchmark.worker import GROUPS, run_job
from edge_sdk.errors import FileFormatError
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

Make = Callable[..., dict[str, Any]]


def test_files_hold_every_group(report_of: Make, tmp_path: Path) -> None:
    report = report_of(FakeTarget("alpha"), FakeTarget("beta", missing="no beta here"))
    write_report(report, tmp_path / "out")
    assert read_report(tmp_path / "out" / "report.json") == report
    for name in ("report.html", "report.md"):
        text = (tmp_path / "out" / name).read_text()
        for group in GROUPS:
            assert group.replace("_", " ") in text.lower(), (name, group)
        assert "no beta here" in text
        assert "None" not in text
    assert (tmp_path / "out" / "report.html").read_text().count("<svg") >= 5


def test_operators_without_times_keep_their_precision(report_of: Make, tmp_path: Path) -> None:
    report = report_of(FakeTarget("alpha", timed=False))
    operators = report["targets"][0]["operators"]
    assert {row["precision"]: row["operators"] for row in operators["by_precision"]} == {"float32": 1, "int8": 1}
    for said in (operators["profiled_ms"], operators["slowest"], operators["executed"][0]["milliseconds"]):
        assert said == {"value": None, "why": "the runtime does not time single operators"}
    write_report(report, tmp_path / "out")
    assert "does not time single operators" in (tmp_path / "out" / "report.md").read_text()
    assert "The slowest operators" not in (tmp_path / "out" / "report.html").read_text()


def test_blank_fields_are_found() -> None:
    report = {"a": 1, "b": {"value": None, "why": "so"}, "c": [{"d": None}, {"e": ""}], "f": {}, "g": 0, "h": False}
    assert list(blank_fields(report)) == ["report.c[0].d", "report.c[1].e", "report.f"]
    assert list(blank_fields({"a": {"value": None, "why": ""}})) == ["report.a.why"]


def test_blank_report_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"report\.x is blank"):
        write_files(tmp_path / "out", "report", '{"x": null}', "page", "text")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("{", "cannot be read as JSON"),
        ("{}", "not a benchmark report"),
        ("[]", "not a benchmark report"),
        ('{"kind": "edge-sdk benchmark", "schema": 99}', "schema 99.* update edge-sdk"),
        ('{"kind": "edge-sdk benchmark", "schema": 1}', "lacks device"),
    ],
)
def test_what_is_no_report_is_refused_by_name(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FileFormatError, match=message) as told:
        read_report(path)
    assert str(path) in str(told.value)


def with_samples(report: dict[str, Any], samples: list[float]) -> dict[str, Any]:
    changed = copy.deepcopy(report)
    changed["targets"][0]["latency"] |= {"samples": samples, "p50": float(np.median(samples))}
    return changed


def test_ratio_and_both_medians(report_of: Make) -> None:
    report = report_of(FakeTarget("alpha"))
    found = compare_reports(with_samples(report, [8.0, 10.0, 12.0]), with_samples(report, [4.0, 5.0, 6.0]))
    (row,) = found["targets"]
    assert (row["median_ms_a"], row["median_ms_b"], row["speedup"]) == (10.0, 5.0, 2.0)
    low, high = row["speedup_ci95"]
    assert 8 / 6 <= low <= 2.0 <= high <= 12 / 4
    assert row["bytes_ratio"] == 1.0
    assert list(blank_fields(found)) == []


def test_interval_narrows_with_samples() -> None:
    generator = np.random.default_rng(0)
    few, many = (ratio_of_medians(generator.normal(10, 1, n), generator.normal(5, 0.5, n))[1] for n in (10, 1000))
    assert many[1] - many[0] < few[1] - few[0]
    assert many[0] < 2.0 < many[1]


def test_differences_are_named_and_unlike_inputs_have_no_ratio(report_of: Make) -> None:
    first = report_of(FakeTarget("alpha"), FakeTarget("beta"))
    first["device"]["load_average_at_start"] = [0.0, 0.0, 0.0]
    second = copy.deepcopy(first)
    same = compare_reports(first, second)
    assert same["warnings"] == ["none: same device and settings"]
    second["device"]["cpu"] = "another CPU"
    second["device"]["load_average_at_start"] = [99.0, 1.0, 1.0]
    second["protocol"]["samples"] = 7
    second["workload"]["patch_shape"] = [1, 1, 32, 32, 32]
    second["targets"][0]["runtime"]["version"] = "9.9"
    del second["targets"][1]
    found = compare_reports(first, second)
    warnings = "\n".join(found["warnings"])
    for said in ("another CPU in B", "samples differs: 4 in A, 7 in B", "alpha: version differs", "B was busy"):
        assert said in warnings
    alpha, beta = found["targets"]
    assert "not comparable" in alpha["speedup"]["why"]
    assert alpha["median_ms_b"] > 0
    assert beta["speedup"]["why"] == "beta is not in B"
    assert list(blank_fields(found)) == []
    for text in (comparison_page(found), comparison_markdown(found)):
        assert "another CPU" in text
        assert "not comparable" in text


def test_commands_and_their_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module.benchmark, "__kwdefaults__", {"data": None, "run_target": run_job})
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", error=3.0))
    package = toy_package(tmp_path / "toy.edgepkg", spacing_mm=(4.0, 4.0, 4.0))
    quick = ["--samples", "2", "--warmup", "0", "--min-seconds", "0"]
    run = CliRunner()
    words = ["benchmark", str(package), *quick]
    good = run.invoke(cli.app, [*words, "--target", "alpha", "-o", str(tmp_path / "good")])
    assert (good.exit_code, good.stderr) == (0, "")
    bad = run.invoke(cli.app, [*words, "-o", str(tmp_path / "bad")])
    assert bad.exit_code == 1
    assert "beta failed: self-test" in bad.stderr
    assert bad.stderr.count("\n") == 1
    reports = [str(tmp_path / name / "report.json") for name in ("good", "bad")]
    assert json.loads(Path(reports[1]).read_text())["status"]["state"] == "failed"
    compared = run.invoke(cli.app, ["compare", *reports, "-o", str(tmp_path / "both")])
    assert compared.exit_code == 0, compared.stderr
    assert {path.name for path in (tmp_path / "both").iterdir()} == {"compare.json", "compare.html", "compare.md"}
