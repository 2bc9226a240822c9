"""edge-sdk calibrate-time."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.formats.pose_table import write_pose_table
from edge_sdk.sweep.sweep import Sweep
from tests.apps.commands_fixtures import failure, run, run_json
from tests.edge_sdk.sweep.moving_probe import along, hand_motion, line_video, poses, stamps

LAG = 0.12


def recordings() -> tuple[Sweep, Sweep]:
    path = along((0, 1, 0), hand_motion(2))
    return line_video(path, stamps(20, 12)), poses(path, stamps(40, 14, start=99), lag=LAG)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("recordings")
    images, tracker = recordings()
    write_sweep(images, folder / "video.igs.mha")
    write_sweep(tracker, folder / "tracker.igs.mha")
    return folder / "video.igs.mha", folder / "tracker.igs.mha"


def test_json_and_the_numbers_to_use(pair) -> None:
    printed = run_json("calibrate-time", *pair)
    assert printed["lag_s"] == pytest.approx(LAG, abs=0.002)
    assert printed["standard_error_s"] < 0.002
    assert printed["correlation"] > 0.99
    assert printed["ambiguous"] is False
    assert printed["transform"] == "ProbeToTracker"
    assert printed["plus_local_time_offset_s"] == {"tracker": -printed["lag_s"], "or_video": printed["lag_s"]}
    assert f"--lag {printed['lag_s']:.4f}" in printed["use"][0]
    assert "plot" not in printed


def test_folder_with_picture_and_values(pair, tmp_path) -> None:
    out = tmp_path / "deep" / "out"
    printed = run_json("calibrate-time", *pair, "-o", out)
    assert sorted(path.name for path in out.iterdir()) == ["temporal_calibration.json", "temporal_calibration.png"]
    values = json.loads((out / "temporal_calibration.json").read_text())
    assert values["lag_s"] == printed["lag_s"]
    lags, correlation = np.array(values["curve"]["lags_s"]), np.array(values["curve"]["correlation"], float)
    assert lags[np.nanargmax(correlation)] == pytest.approx(LAG, abs=0.01)
    picture = cv2.imread(str(out / "temporal_calibration.png"))
    assert picture.shape == (1260, 1440, 3)
    assert picture.min() < 80
    assert picture.max() == 255


def test_table_for_people(pair) -> None:
    status, stdout, _ = run("calibrate-time", *pair)
    assert status == 0
    assert "LocalTimeOffsetSec" in stdout
    assert "depth of a bright line" in stdout
    assert run("calibrate-time", *pair, "--quiet")[1] == ""


def test_a_pose_table_and_one_recording_with_both(tmp_path) -> None:
    images, tracker = recordings()
    write_sweep(images, tmp_path / "video.igs.mha")
    write_pose_table(tracker, tmp_path / "poses.csv")
    printed = run_json("calibrate-time", tmp_path / "video.igs.mha", tmp_path / "poses.csv")
    assert printed["lag_s"] == pytest.approx(LAG, abs=0.002)

    path = along((0, 1, 0), hand_motion(2))
    transforms = poses(path, images.timestamps + 0.1, lag=-0.1).transforms
    both = Sweep(images.images, images.timestamps, transforms, images.image_status)
    write_sweep(both, tmp_path / "both.igs.mha")
    printed = run_json("calibrate-time", tmp_path / "both.igs.mha")
    assert printed["lag_s"] == pytest.approx(-0.1, abs=0.003)
    assert printed["tracker"] == printed["video"]


def test_failures_are_one_line_and_leave_nothing(pair, tmp_path) -> None:
    video, tracker = pair
    out = tmp_path / "out"
    assert "has no images" in failure("calibrate-time", tracker, video, "-o", out)
    assert "has no poses" in failure("calibrate-time", video, "-o", out)
    assert "end of the search" in failure("calibrate-time", video, tracker, "--max-lag", "0.1", "-o", out)
    assert "cannot resolve ProbeToMoon" in failure("calibrate-time", video, tracker, "--transform", "ProbeToMoon")
    assert not out.exists()
    assert run("calibrate-time")[0] == 2
