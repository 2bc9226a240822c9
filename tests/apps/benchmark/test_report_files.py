"""The three files of a report, and how a report is read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import apps.benchmark.job as job_module
from apps import cli
from apps.benchmark.measurement import measure_target
from apps.benchmark.report import GROUPS, BenchmarkReport
from apps.benchmark.report_files import blank_fields, read_report, write_files, write_report
from apps.report.measured import NotMeasured
from edge_sdk.errors import FileFormatError
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package

FIRST_VERSION = Path(__file__).parent / "report_first_version.json"
Make = Callable[..., BenchmarkReport]


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
    operators = report.targets[0].operators
    assert {row.precision: row.operators for row in operators.by_precision} == {"float32": 1, "int8": 1}
    for value in (operators.profiled_ms, operators.slowest, operators.executed[0].milliseconds):
        assert value == NotMeasured(why="the runtime does not time single operators")
    write_report(report, tmp_path / "out")
    assert "does not time single operators" in (tmp_path / "out" / "report.md").read_text()
    assert "The slowest operators" not in (tmp_path / "out" / "report.html").read_text()


def test_blank_fields_are_found() -> None:
    report = {"a": 1, "b": {"value": None, "why": "so"}, "c": [{"d": None}, {"e": ""}], "f": {}, "g": 0, "h": False}
    assert list(blank_fields(report)) == ["report.c[0].d", "report.c[1].e", "report.f"]
    assert list(blank_fields({"a": {"value": None, "why": ""}})) == ["report.a.why"]


def test_a_report_of_the_first_version_is_read_without_loss() -> None:
    """The file was written by the version before the report had types."""
    values = json.loads(FIRST_VERSION.read_text())
    report = read_report(FIRST_VERSION)
    assert report.as_json() == values
    assert report.targets[0].latency.p50 == 12.057
    assert report.device.turbo.why == "neither intel_pstate nor cpufreq/boost is readable here"
    assert report.identity.recipe["prune"]["latency_ms"].why == "the manifest's recipe does not set it"


def test_what_an_older_report_lacks_is_not_measured(tmp_path: Path) -> None:
    values = json.loads(FIRST_VERSION.read_text())
    del values["targets"][0]["energy"], values["device"]["npu"], values["targets"][0]["runtime"]["denormals"]
    (tmp_path / "older.json").write_text(json.dumps(values))
    report = read_report(tmp_path / "older.json")
    assert report.targets[0].energy == NotMeasured(why="the report has no energy")
    assert report.targets[0].runtime.denormals == NotMeasured(why="the report has no denormals")
    assert report.device.npu == NotMeasured(why="the report has no npu")


def test_a_wrong_value_is_refused_by_its_place(tmp_path: Path) -> None:
    values = json.loads(FIRST_VERSION.read_text())
    values["identity"]["package_bytes"] = "many"
    (tmp_path / "wrong.json").write_text(json.dumps(values))
    with pytest.raises(FileFormatError, match=r"identity\.package_bytes is wrong"):
        read_report(tmp_path / "wrong.json")


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
    with pytest.raises(FileFormatError, match=message) as refusal:
        read_report(path)
    assert str(path) in str(refusal.value)


def test_commands_and_their_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module.benchmark, "__kwdefaults__", {"data": None, "run_target": measure_target})
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
