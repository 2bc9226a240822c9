"""The files in a stream's folder beyond its report, and what is kept when some cannot be written."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

from apps.stream.results import sinks
from edge_sdk.errors import EdgeSdkError
from edge_sdk.volume.grid import Grid, Volume

LABELS = {0: "background", 1: "vessel"}
REPORT = {"package": {"name": "phantom", "manifest_sha256": "ab" * 32}, "source": {"rests_on": {}}}
ALWAYS = {
    "volume.nii.gz", "mask.nii.gz", "measurements.json", "overlay.png", "report.html", "report.json", "summary.json",
}  # fmt: skip


@pytest.fixture(autouse=True)
def short_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of reports only that they are written is looked at here."""
    monkeypatch.setattr(sinks, "stream_page", lambda *_: "<p>page</p>")
    monkeypatch.setattr(sinks, "stream_summary", lambda report: {"of": report["package"]["name"]})


@pytest.fixture
def outcome() -> Any:
    grid = Grid((10, 12, 14), (0.5, 0.5, 1.0), (1.0, 2.0, 3.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:5, 2:6, 2:6] = 1
    gray = np.zeros(grid.shape, np.uint8)
    seen = np.ones(grid.shape, bool)
    seen[:, :, 6:] = False
    return SimpleNamespace(volume=Volume(gray, grid), mask=Volume(labels, grid), seen=seen)


def write(folder: Path, outcome: Any, report: Any = REPORT, **options: Any) -> Any:
    return sinks.write_outputs(folder, outcome, report, LABELS, "title", **options)


def test_measurements_are_always_there(outcome: Any, tmp_path: Path) -> None:
    assert write(tmp_path / "out", outcome) == {"of": "phantom"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == ALWAYS
    content = json.loads((tmp_path / "out" / "measurements.json").read_text())
    vessel = content["classes"]["vessel"]
    assert vessel["volume_ml"] == pytest.approx(48 * 0.25 / 1000)
    assert vessel["cut_off"], "what lies right of it was not seen"
    assert content["package"] == REPORT["package"]
    assert content["seen_share"] == pytest.approx(6 / 14, abs=1e-4)


def test_a_hole_that_was_filled_counts_as_seen(outcome: Any, tmp_path: Path) -> None:
    outcome.volume.voxels[:, :, 6:] = 9
    write(tmp_path, outcome)
    assert not json.loads((tmp_path / "measurements.json").read_text())["classes"]["vessel"]["cut_off"]


def test_further_formats_come_on_request(outcome: Any, tmp_path: Path) -> None:
    write(tmp_path, outcome, formats=["mha", "seg.nrrd", "dcm", "stl", "mha"])
    further = {"volume.mha", "mask.mha", "mask.seg.nrrd", "mask.dcm", "volume.dcm", "mask-vessel.stl"}
    assert {path.name for path in tmp_path.iterdir()} == ALWAYS | further
    mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "mask.mha")))
    np.testing.assert_array_equal(mask, outcome.mask.voxels)
    dicom = highdicom.seg.segread(tmp_path / "mask.dcm").get_volume(combine_segments=True)
    np.testing.assert_array_equal(dicom.array[::-1], outcome.mask.voxels)


@pytest.mark.parametrize(("rests_on", "device"), [({}, "RIGID"), ({"poses_declared": "linear"}, "FREEHAND")])
def test_declared_poses_are_not_called_measured(
    outcome: Any, tmp_path: Path, rests_on: dict[str, str], device: str
) -> None:
    write(tmp_path, outcome, {**REPORT, "source": {"rests_on": rests_on}}, formats=["dcm"])
    assert pydicom.dcmread(tmp_path / "volume.dcm").PositionMeasuringDeviceUsed == device


def test_an_unknown_format_is_refused_before_anything_is_written(outcome: Any, tmp_path: Path) -> None:
    with pytest.raises(EdgeSdkError, match="'obj' is not a known output format"):
        write(tmp_path / "out", outcome, formats=["obj"])
    assert not (tmp_path / "out").exists()


def test_one_file_that_fails_leaves_all_others(outcome: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_picture(*_: Any) -> None:
        raise EdgeSdkError("cannot be written (No space left on device)", where="overlay.png")

    monkeypatch.setattr(sinks, "write_overlay", no_picture)
    with pytest.raises(EdgeSdkError) as caught:
        write(tmp_path, outcome, formats=["mha"])
    assert str(caught.value) == (
        f"{tmp_path}: 1 of 9 outputs could not be written (overlay.png: cannot be written (No space left on device)); "
        "written are volume.nii.gz, mask.nii.gz, measurements.json, report.html, report.json, summary.json, "
        "volume.mha, mask.mha; choose a writable place with free space"
    )
    assert {path.name for path in tmp_path.iterdir()} == (ALWAYS - {"overlay.png"}) | {"volume.mha", "mask.mha"}


def test_a_folder_that_takes_no_files_is_one_error(outcome: Any) -> None:
    with pytest.raises(EdgeSdkError, match=r"7 of 7 outputs could not be written .*; written are none") as caught:
        write(Path("/proc/self/fdinfo"), outcome)
    assert "\n" not in str(caught.value)
