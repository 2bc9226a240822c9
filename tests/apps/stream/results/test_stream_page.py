"""The page shows every group of a report, with and without what may be missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.stream.results.page import stream_page
from tests.apps.stream.results.small_report import COMPARISON, LATENCY, small_report

RECORDING = {"path": "/r.igs.mha", "frames": 3, "frames_lost": 0, "problem": "none", "sync_interval_s": 1.0}


def page(tmp_path: Path, **groups: Any) -> str:
    picture = tmp_path / "overlay.png"
    picture.write_bytes(b"picture")
    return stream_page(small_report(**groups), picture, "A sweep")


def test_what_is_missing_says_why(tmp_path: Path) -> None:
    text = page(tmp_path)
    for shown in (
        "not measured: not asked for (--record)",
        "not measured: no turbo here",
        "not measured: fewer than 100 samples",
        "not measured: the labels of this sweep are not known",
        "<td>a bad pose 1</td>",
        "name phantom, license Apache-2.0, cases 54",
        "<td>nothing</td>",
        "the poses jump",
        "replay:/sweep.igs.mha → phantom on openvino",
    ):
        assert shown in text
    assert "mean Dice" not in text
    assert "drawn by the viewer" not in text


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        ({"accuracy": COMPARISON}, '<div class="tile"><b>0.9</b><span>mean Dice against known labels</span></div>'),
        ({"recording": RECORDING}, "<td>/r.igs.mha</td>"),
        (
            {"latency_ms": dict.fromkeys(("whole_frame_in_mask", "first_part_in_mask", "displayed"), LATENCY)},
            "drawn by the viewer",
        ),
    ],
)
def test_what_is_there_is_shown(tmp_path: Path, groups: dict[str, Any], shown: str) -> None:
    assert shown in page(tmp_path, **groups).replace("\n", "")
