"""Recordings of other makers: handheld video and DICOM, PLUS's pairs of video and tracker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk import read_sweep, read_volume
from edge_sdk.sweep.merging import with_poses
from tests.apps.commands_fixtures import run_json

pytestmark = pytest.mark.real

SAID = {
    "handheld_video/butterfly-ocular-phantom.mp4": ("sweep", "video", 369, [776, 1080], None),
    "handheld_video/sonoque_anechoic-3mm-3mm.dcm": ("sweep", "ultrasound DICOM", 1, [2083, 1455], [0.0291, 0.0291]),
}
VIDEO = "plus_other/WaterTankBottomTranslationVideoBuffer.igs.mha"
TRACKER = "plus_other/WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha"


@pytest.mark.parametrize("name", SAID)
def test_inspect_says_what_they_hold(real_data: Path, name: str) -> None:
    printed = run_json("inspect", real_data / name)
    kind, format_, frames, size, spacing = SAID[name]
    assert (printed["kind"], printed["format"], printed["frames"], printed["image_size"]) == (
        kind,
        format_,
        frames,
        size,
    )
    assert printed["pixel_spacing_mm"] == (pytest.approx(spacing) if spacing else None)


def test_the_sonivate_file_is_a_volume(real_data: Path) -> None:
    printed = run_json("inspect", real_data / "handheld_video/sonivate-anechoic_1-1.nrrd")
    assert (printed["kind"], printed["size_xyz"]) == ("volume", [512, 512, 1])
    assert printed["spacing_mm"][:2] == pytest.approx([0.0776] * 2, rel=1e-3)


def test_handheld_video_with_a_declared_sweep(real_data: Path, tmp_path: Path) -> None:
    printed = run_json(
        "reconstruct", real_data / "handheld_video/butterfly-ocular-phantom.mp4", "--poses", "linear:speed=2mm/s",
        "--pixel-spacing", "0.08", "--spacing", "0.8", "--interpolation", "nearest", "-o", tmp_path / "v.nii.gz",
    )  # fmt: skip
    assert printed["frames_inserted"] == 369
    assert printed["poses_declared"] == "linear, 2 mm/s along z of the probe"
    assert "(387.5, 0)" in printed["image_to_probe_assumed"]
    # 775 and 1079 pixels of 0.08 mm, and 29.07 s at 2 mm/s.
    assert printed["size_xyz"] == [round(62 / 0.8) + 1, round(86.32 / 0.8) + 1, round(58.147 / 0.8) + 1]
    assert read_volume(tmp_path / "v.nii.gz").voxels.std() > 10


def test_dicom_with_a_pose_table(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("timestamp;tx;ty;tz;qx;qy;qz;qw\n-0.1;0;0;0;0;0;0;1\n0.1;0;0;4;0;0;0;1\n")
    cine, poses = real_data / "handheld_video/sonoque_anechoic-3mm-3mm.dcm", f"csv:{tmp_path / 'p.csv'}"
    printed = run_json("reconstruct", cine, "--poses", poses, "--spacing", "0.2", "-o", tmp_path / "v.nrrd")
    assert printed["frames_inserted"] == 1
    np.testing.assert_allclose(printed["origin_mm"], [-1041 * 0.0291, 0, 2], atol=1e-6)
    # The file says that the field is 40 mm deep.
    assert printed["size_xyz"][1] * 0.2 == pytest.approx(42.3, abs=0.4)


def test_video_buffer_with_the_trackers_buffer(real_data: Path, tmp_path: Path) -> None:
    printed = run_json(
        "convert", real_data / VIDEO, "--poses", f"sweep:{real_data / TRACKER}", "--lag", "-0.0648",
        "-o", tmp_path / "s.igs.mha",
    )  # fmt: skip
    assert printed["frames"] == 201
    assert printed["pose_lag_s"] == "-0.0648"
    assert "frames_without_pose" not in printed
    merged, tracker = read_sweep(tmp_path / "s.igs.mha"), read_sweep(real_data / TRACKER)
    pose, measured = merged.transforms["ProbeToTracker"], tracker.transforms["ProbeToTracker"]
    assert set(pose.status) == {"OK"}
    for axis in range(3):  # NumPy's linear interpolation is the reference
        expected = np.interp(merged.timestamps - 0.0648, tracker.timestamps, measured.matrices[:, axis, 3])
        np.testing.assert_allclose(pose.matrices[:, axis, 3], expected, atol=1e-4)


def test_prostate_video_with_its_tracker(real_data: Path) -> None:
    video = read_sweep(real_data / "plus_other/Prostate10_video.igs.mhd")
    tracker = read_sweep(real_data / "plus_other/Prostate10_tracker.igs.mha")
    merged = with_poses(video, tracker).transforms["ToolToTracker"]
    # Both have the same half seconds; the third frame of the video has no time stamp.
    assert merged.status == ("OK", "OK", "MISSING", *["OK"] * 7)
    known = [0, 1, *range(3, 10)]
    np.testing.assert_array_equal(merged.matrices[known], tracker.transforms["ToolToTracker"].matrices[:9])


def test_every_ultrasound_file_of_pydicom_data() -> None:
    from tests.edge_sdk.sweep.formats.test_dicom_cine import FILES

    for path in FILES.values():
        printed = run_json("inspect", path)
        assert (printed["kind"], printed["format"]) == ("sweep", "ultrasound DICOM")
        assert printed["frames"] >= 1
