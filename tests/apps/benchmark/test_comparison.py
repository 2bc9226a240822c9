"""Comparisons of two reports."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from apps.benchmark.comparison import compare_reports, ratio_of_medians
from apps.benchmark.comparison_page import comparison_markdown, comparison_page
from apps.benchmark.report import BenchmarkReport
from apps.benchmark.report_files import blank_fields
from tests.edge_sdk.fakes import FakeTarget

Make = Callable[..., BenchmarkReport]


def with_samples(report: BenchmarkReport, samples: list[float]) -> BenchmarkReport:
    changed = report.as_json()
    changed["targets"][0]["latency"] |= {"samples": samples, "p50": float(np.median(samples))}
    return BenchmarkReport.from_json(changed)


def test_ratio_and_both_medians(report_of: Make) -> None:
    report = report_of(FakeTarget("alpha"))
    found = compare_reports(with_samples(report, [8.0, 10.0, 12.0] * 2), with_samples(report, [4.0, 5.0, 6.0] * 2))
    (row,) = found.targets
    assert (row.median_ms_a, row.median_ms_b, row.speedup) == (10.0, 5.0, 2.0)
    low, high = row.speedup_ci95
    assert 8 / 6 <= low <= 2.0 <= high <= 12 / 4
    assert row.bytes_ratio == 1.0
    assert list(blank_fields(found.as_json())) == []


def test_few_samples_give_a_ratio_and_no_interval(report_of: Make) -> None:
    report = report_of(FakeTarget("alpha"))
    found = compare_reports(with_samples(report, [8.0] * 5), with_samples(report, [4.0] * 5))
    (row,) = found.targets
    assert row.speedup == 2.0
    assert row.speedup_ci95.why == "fewer than 6 inferences in A or in B"
    assert "fewer than 6 inferences" in comparison_page(found)
    assert "fewer than 6 inferences" in comparison_markdown(found)


def test_interval_narrows_with_samples() -> None:
    generator = np.random.default_rng(0)
    few, many = (ratio_of_medians(generator.normal(10, 1, n), generator.normal(5, 0.5, n))[1] for n in (10, 1000))
    assert many[1] - many[0] < few[1] - few[0]
    assert many[0] < 2.0 < many[1]


def test_differences_are_named_and_unlike_inputs_have_no_ratio(report_of: Make) -> None:
    values = report_of(FakeTarget("alpha"), FakeTarget("beta")).as_json()
    values["device"]["load_average_at_start"] = [0.0, 0.0, 0.0]
    first = BenchmarkReport.from_json(values)
    assert compare_reports(first, BenchmarkReport.from_json(values)).warnings == ["none: same device and settings"]
    values = first.as_json()
    values["device"]["cpu"] = "another CPU"
    values["device"]["load_average_at_start"] = [99.0, 1.0, 1.0]
    values["protocol"]["samples"] = 7
    values["workload"]["patch_shape"] = [1, 1, 32, 32, 32]
    values["targets"][0]["runtime"]["version"] = "9.9"
    del values["targets"][1]
    found = compare_reports(first, BenchmarkReport.from_json(values))
    warnings = "\n".join(found.warnings)
    for line in ("another CPU in B", "samples differs: 4 in A, 7 in B", "alpha: version differs", "B was busy"):
        assert line in warnings
    alpha, beta = found.targets
    assert "not comparable" in alpha.speedup.why
    assert alpha.median_ms_b > 0
    assert beta.speedup.why == "beta is not in B"
    assert list(blank_fields(found.as_json())) == []
    for text in (comparison_page(found), comparison_markdown(found)):
        assert "another CPU" in text
        assert "not comparable" in text
