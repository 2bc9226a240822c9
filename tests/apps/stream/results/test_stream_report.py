"""Report and summary as JSON: the keys that others read, their order, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from apps.report.measured import NotMeasured
from apps.stream.results.groups import SessionReport
from apps.stream.results.label_comparison import label_comparison
from apps.stream.results.report import StreamReport
from apps.stream.results.summary import StreamSummary, stream_summary
from edge_sdk.session import SessionDescription
from tests.apps.stream.results.small_report import COMPARISON, REPORT, small_report

RECORDING = {"path": "/r.igs.mha", "frames": 3, "frames_lost": 0, "problem": "none", "sync_interval_s": 1.0}
SUMMARY = {
    "frames_inserted": 2,
    "frames_dropped": 0,
    "latency_ms_p50": 150.0,
    "latency_ms_p95": 195.0,
    "final_mask_s": 0.25,
    "peak_rss_mb": 502.0,
    "class_ml": {"vessel": 3.25},
    "frames_left_out": {"a bad pose": 1},
    "warnings": REPORT["warnings"],
}


@pytest.mark.parametrize("groups", [{}, {"accuracy": COMPARISON, "recording": RECORDING}])
def test_a_report_is_read_as_it_was_written(groups: dict[str, Any]) -> None:
    report = small_report(**groups)
    written = json.dumps(report.model_dump(mode="json", by_alias=True))
    assert written == json.dumps(REPORT | groups), "same keys, values and order"
    assert StreamReport.model_validate_json(written) == report


def test_the_schema_names_every_key_and_explains_fields() -> None:
    schema = StreamReport.model_json_schema()
    assert list(schema["properties"]) == list(REPORT)
    groups = schema["$defs"]
    assert groups["MemoryReport"]["properties"]["stated_limit_mb"]["description"].startswith("Most that was stated")


@pytest.mark.parametrize(
    ("group", "change"),
    [("memory", {"peak": 1.0}), ("frames", {"read": "many"}), ("energy", {"value": 1.0})],
)
def test_unknown_keys_and_wrong_values_are_refused(group: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=group):
        small_report(**{group: REPORT[group] | change})


def test_the_summary_holds_the_main_numbers() -> None:
    assert json.dumps(stream_summary(small_report()).model_dump(mode="json")) == json.dumps(SUMMARY)
    compared = stream_summary(small_report(accuracy=COMPARISON))
    assert isinstance(compared, StreamSummary)
    assert json.dumps(compared.model_dump(mode="json")) == json.dumps(
        SUMMARY | {"mean_dice": 0.9, "dice": {"vessel": 0.9}}
    )


def test_a_class_in_neither_mask_has_no_dice_and_is_left_out_of_the_mean() -> None:
    names = {1: "vessel", 2: "cyst", 3: "lesion"}
    found = label_comparison({1: 1 / 3, 2: None, 3: 1.0}, names, against="known labels", equals_segment=False)
    assert found.dice == {
        "vessel": 0.33333,
        "cyst": NotMeasured(why="neither the mask nor the labels hold it"),
        "lesion": 1.0,
    }
    assert found.mean_dice == 0.66667
    nothing = label_comparison({1: None}, names, against="known labels", equals_segment=True)
    assert nothing.mean_dice == NotMeasured(why="neither the mask nor the labels hold any class")


def test_a_session_says_what_its_runtime_knows() -> None:
    facts = SessionDescription("openvino 2026.4", threads=2, patch_shape=(1, 1, 48, 48, 48))
    opened: Any = SimpleNamespace(target="openvino", description=facts)
    report = SessionReport.of(opened, 8.80949)
    assert report.model_dump(mode="json") == {
        "target": "openvino",
        "open_s": 8.809,
        "runtime": "openvino 2026.4",
        "threads": 2,
        "patch_shape": [1, 1, 48, 48, 48],
    }


def test_paths_are_paths() -> None:
    assert small_report().folder == Path("/out")
