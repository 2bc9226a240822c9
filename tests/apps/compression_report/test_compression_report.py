"""The report's files: every number is there, on the page as in Markdown, also where something was not measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.compression_report.report import report_run, report_runs
from edge_sdk.packages.manifest import Gate
from quantization.records.forms import FormAccuracy
from quantization.run_folder import RunFolder
from tests.apps.commands_fixtures import failure, run

MakeRun = Callable[..., RunFolder]


@pytest.fixture
def pruned(make_run: MakeRun) -> RunFolder:
    return make_run("half", pruned=True)


def test_page_and_markdown_hold_the_numbers(pruned: RunFolder) -> None:
    mean = pruned.record.metrics["int8"].mean
    report_run(pruned.path)
    for name in ("report.html", "report.md"):
        text = (pruned.path / name).read_text()
        for number in (f"{mean:.4f}", "3.31", "1.40", "0.99", "2.01", "60.0", "8.0", "7.50", "13.4", "1.7"):
            assert number in text, (name, number)
        for words in ("pruned FP32", "Swap study", "Rounded by least squared error", "seed", "AMD EPYC", "32×48×32"):
            assert words in text, (name, words)
        assert "the test cases (40), on which nothing was tuned" in text
    assert "dec_block_1.19.pw" in (pruned.path / "report.html").read_text()
    assert "8 more rows" in (pruned.path / "report.md").read_text()


def test_the_page_needs_no_other_file_and_shows_curves(pruned: RunFolder) -> None:
    (pruned.path / "distil-curves.png").write_bytes(b"\x89PNG")
    report_run(pruned.path)
    page = (pruned.path / "report.html").read_text()
    assert "data:image/png;base64,iVBORw==" in page
    assert 'src="http' not in page
    assert page.count("<svg") == 1
    assert (pruned.path / "accuracy-latency.png").read_bytes().startswith(b"\x89PNG")
    assert "![distil-curves](distil-curves.png)" in (pruned.path / "report.md").read_text()


def test_swaps_on_validation_cases_stay_out_of_the_figure(pruned: RunFolder) -> None:
    content = report_run(pruned.path)
    assert content.figure is not None
    names = {text.get_text() for text in content.figure.axes[0].texts}
    assert names == {
        "published FP32", "deploy form FP32", "pruned FP32", "INT8", "gate: 99 % of published",
    }  # fmt: skip


def test_the_interval_of_a_form_is_that_of_the_gate(make_run: MakeRun) -> None:
    plain = make_run()
    comparison = plain.record.comparison["int8"]
    assert comparison is not None
    content = report_run(plain.path)
    row = next(row for row in content.comparison if row["form"] == "INT8")
    low, high = (f"{end:+.4f}".replace("-", "−") for end in comparison.difference_ci95 or ())
    assert row["dice"].endswith(f"({low} to {high})")
    assert row["0.99"] == "yes, surely"


@pytest.mark.parametrize("cases", range(1, 6))
def test_a_few_cases_give_a_report_without_intervals(make_run: MakeRun, cases: int) -> None:
    few = make_run(cases=cases)
    assert few.record.gate is not None
    assert f"no 95 % interval from {cases} case" in few.record.gate.reason
    content = report_run(few.path)
    assert all("to" not in row[column] for row in content.comparison for column in ("dice", "ratio", "hd95"))
    assert content.figure is not None
    assert not content.figure.axes[0].containers
    for name in ("report.html", "report.md"):
        assert f"no 95 % interval from {cases} case" in (few.path / name).read_text()


def test_an_interval_that_an_earlier_version_recorded_of_one_case_is_not_shown(make_run: MakeRun) -> None:
    plain = make_run(cases=1)
    with plain.update() as record:
        comparison = record.comparison["int8"]
        assert comparison is not None
        # Its ends lie on the wrong side of the mean by rounding, which once was a negative error bar.
        ends = (comparison.difference + 1e-9,) * 2
        old = comparison.model_copy(update={"difference_ci95": ends, "ratio_ci95": (1.0, 1.0)})
        record.comparison = {**record.comparison, "int8": old}
    row = next(row for row in report_run(plain.path).comparison if row["form"] == "INT8")
    assert "to" not in row["dice"] + row["ratio"]


def test_without_latency_there_is_no_figure_and_the_report_says_why(make_run: MakeRun) -> None:
    plain = make_run()
    with plain.update() as record:
        record.latency = None
    content = report_run(plain.path)
    assert content.figure is None
    assert {row["ms"] for row in content.rows} == {"–"}
    assert "OpenVINO is not installed" in (plain.path / "report.html").read_text()


def test_without_cases_every_score_is_a_dash(make_run: MakeRun) -> None:
    plain = make_run()
    with plain.update() as record:
        absent = FormAccuracy(dice={"anterior": None}, mean=None, cases={}, hd95_mean_mm=None)
        record.metrics = dict.fromkeys(record.metrics, absent)
        record.comparison = {"deploy_fp32": None, "int8": None}
        record.gate = Gate(verdict="not run", reason="no held-out cases")
    content = report_run(plain.path)
    assert {row["mean Dice"] for row in content.rows} == {"–"}
    assert content.figure is None
    assert content.comparison == []


def test_several_runs_in_one_report(make_run: MakeRun, pruned: RunFolder, tmp_path: Path) -> None:
    report_runs([make_run("plain").path, pruned.path], tmp_path / "out", measure=None)
    page = (tmp_path / "out" / "report.html").read_text()
    for words in ("plain: INT8", "half: pruned FP32", "measured at different moments", "half: Gate"):
        assert words in page
    printed = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["ms"] for row in printed["forms"]] == ["60.0", "28.4", "12.0", "17.1", "8.0"]
    assert set(printed["runs"]) == {"plain", "half"}


def test_the_command_prints_the_table_and_refuses_other_cases_in_one_line(make_run: MakeRun, tmp_path: Path) -> None:
    plain, fewer = make_run("plain"), make_run("fewer", cases=30)
    status, stdout, stderr = run("compress-report", plain.path, "--no-latency", "-o", tmp_path / "out")
    assert status == 0, stderr
    assert "deploy form FP32" in stdout
    assert str(tmp_path / "out" / "report.html") in stdout
    assert "other cases" in failure("compress-report", plain.path, fewer.path, "--no-latency", "-o", tmp_path / "no")
    assert not (tmp_path / "no").exists()
