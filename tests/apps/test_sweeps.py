"""What a recording and the options beside it become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apps.sweeps import SweepOptions, defaults_for, load_sweep, parse_pixel_spacing, sweep_options
from edge_sdk import read_volume
from edge_sdk.errors import PoseError
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.plus_config import PlusConfig
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.reconstruct import DEFAULT_SETTINGS
from tests.apps.commands_fixtures import failure, run_json
from tests.edge_sdk.sweep.formats.test_dicom_cine import dataset, put, region

IMAGE_TO_PROBE = PlusConfig({"ImageToProbe": np.diag([0.3, 0.3, 1, 1])})


def options(
    poses: str | None = None, lag: float | None = None, max_gap: float | None = None, pixel_spacing: str | None = None
) -> SweepOptions:
    return sweep_options(poses, lag, max_gap, pixel_spacing)


def cine(path: Path, *, spacing: bool = True) -> Path:
    """Five frames of 12×10 pixels, 0.1 s apart; frame n has the gray value 10 n, and a bright border outside B-mode."""
    frames = np.full((5, 10, 12), 255, np.uint8)
    frames[:, 1:9, 2:10] = 10 * np.arange(1, 6)[:, None, None]
    values = {"SequenceOfUltrasoundRegions": [region((2, 1, 9, 8), (0.1, 0.1))]} if spacing else {}
    return put(dataset(frames, FrameTime=100, **values), path)


def table(path: Path, times: np.ndarray, *, speed: float = 10.0) -> str:
    """A probe that slides along its z."""
    lines = ["timestamp,tx,ty,tz,qx,qy,qz,qw", *(f"{time!r},0,0,{speed * time!r},0,0,0,1" for time in times.tolist())]
    path.write_text("\n".join(lines))
    return f"csv:{path}"


def test_dicom_with_a_table_reconstructs(tmp_path):
    poses = table(tmp_path / "p.csv", np.arange(-0.1, 0.6, 0.05))
    printed = run_json(
        "reconstruct", cine(tmp_path / "c.dcm"), "--poses", poses, "--spacing", "1", "--interpolation", "nearest",
        "-o", tmp_path / "v.nrrd",
    )  # fmt: skip
    assert printed["frames_inserted"] == 5
    assert printed["size_xyz"] == [8, 8, 5]  # the region alone, a pixel a mm, 1 mm between frames
    np.testing.assert_allclose(printed["origin_mm"], [-3.5, 0, 0], atol=1e-9)
    assert printed["poses_from"] == poses
    assert printed["image_to_probe_assumed"] == "1 × 1 mm per pixel, probe's origin at pixel (5.5, 1)"
    voxels = read_volume(tmp_path / "v.nrrd").voxels
    np.testing.assert_array_equal(voxels, np.broadcast_to(10 * np.arange(1, 6)[:, None, None], (5, 8, 8)))


def test_frames_without_a_pose_are_left_out_and_counted(tmp_path):
    poses = table(tmp_path / "p.csv", np.array([-0.1, 0.1, 0.25]))
    printed = run_json("reconstruct", cine(tmp_path / "c.dcm"), "--poses", poses, "-o", tmp_path / "v.nrrd")
    assert (printed["frames_inserted"], printed["frames_left_out"]) == (3, 2)
    assert printed["left_out_because"] == "ProbeToReference is MISSING: 2"
    assert printed["frames_without_pose"].startswith("2 (none within 0.25 s")
    narrow = run_json(
        "reconstruct", cine(tmp_path / "c.dcm"), "--poses", poses, "--max-gap", "0.16", "-o", tmp_path / "v.nrrd"
    )
    assert narrow["frames_inserted"] == 2  # one at a pose, one between the later two


def test_a_lag_moves_the_frames(tmp_path):
    path, poses = cine(tmp_path / "c.dcm"), table(tmp_path / "p.csv", np.arange(-1, 2, 0.1))
    at = load_sweep(path, options(poses, lag=-0.05)).transforms["ProbeToReference"].matrices[:, 2, 3]
    np.testing.assert_allclose(at, 10 * (np.arange(5) * 0.1 - 0.05), atol=1e-9)


def test_a_declared_sweep_is_told(tmp_path):
    printed = run_json(
        "reconstruct", cine(tmp_path / "c.dcm"), "--poses", "linear:speed=10mm/s", "-o", tmp_path / "v.mha"
    )
    assert printed["poses_declared"] == "linear, 10 mm/s along z of the probe"
    assert printed["size_xyz"] == [15, 15, 9]  # 7, 7 and 4 mm at 0.5 mm
    assert read_volume(tmp_path / "v.mha").provenance.poses_declared == printed["poses_declared"]
    inspected = run_json("inspect", tmp_path / "c.dcm", "--poses", "linear:speed=10mm/s")
    assert inspected["extent"]["size_mm"] == [12, 10, 5]
    assert inspected["usable_frames"] == 5


def test_a_configurations_calibration_wins_over_the_assumed_one(tmp_path):
    sweep = load_sweep(cine(tmp_path / "c.dcm"), options("linear:step=1mm"), config=IMAGE_TO_PROBE)
    assert set(sweep.transforms) == {"ProbeToReference"}
    assert sweep.provenance.image_to_probe_assumed is None


def test_pixel_spacing_by_hand(tmp_path):
    path = cine(tmp_path / "c.dcm", spacing=False)
    line = failure("reconstruct", path, "--poses", "linear:step=1mm", "-o", tmp_path / "v.mha")
    assert "--pixel-spacing" in line
    assert "--config" in line
    sweep = load_sweep(path, options("linear:step=1mm", pixel_spacing="0.5,0.25"))
    matrix = sweep.transforms["ImageToProbe"].matrices[0]
    np.testing.assert_allclose(matrix @ [7.5, 4, 0, 1], [1, 1, 0, 1], atol=1e-12)
    for wrong in ("0", "-1", "wide", "1,2,3", "nan", ""):
        with pytest.raises(PoseError, match="pixel"):
            load_sweep(path, options("linear:step=1mm", pixel_spacing=wrong))


def test_pixel_spacing_does_not_contradict_a_calibration(tmp_path):
    with pytest.raises(PoseError, match="--pixel-spacing would contradict"):
        load_sweep(cine(tmp_path / "c.dcm"), options("linear:step=1mm", pixel_spacing="0.5"), config=IMAGE_TO_PROBE)


def test_a_converted_sweep_is_the_same_sweep(tmp_path):
    path = cine(tmp_path / "c.dcm")
    printed = run_json("convert", path, "--poses", "fan:step=2deg", "-o", tmp_path / "s.igs.mha")
    assert printed["poses_declared"] == "fan, 2 °/frame about x of the probe"
    assert printed["transforms"] == ["ImageToProbe", "ProbeToReference"]
    before, after = load_sweep(path, options("fan:step=2deg")), load_sweep(tmp_path / "s.igs.mha")
    np.testing.assert_array_equal(after.images, before.images)
    for name, transform in before.transforms.items():
        np.testing.assert_array_equal(after.transforms[name].matrices, transform.matrices)
    assert after.provenance == before.provenance
    assert defaults_for(after, DEFAULT_SETTINGS) == defaults_for(before, DEFAULT_SETTINGS)
    # The size of a pixel that was assumed may still be corrected.
    assert load_sweep(tmp_path / "s.igs.mha", options(pixel_spacing="0.5")).pixel_spacing == (0.5, 0.5)


def test_measured_poses_replace_declared_ones(tmp_path):
    declared = tmp_path / "declared.igs.mha"
    run_json("convert", cine(tmp_path / "c.dcm"), "--poses", "linear:step=1mm", "-o", declared)
    assert not load_sweep(declared).provenance.tracked
    poses = table(tmp_path / "p.csv", np.arange(-1, 2, 0.1))
    assert load_sweep(declared, options(poses)).provenance.tracked
    again = load_sweep(cine(tmp_path / "d.dcm"), options(f"sweep:{declared}"))
    assert again.provenance.poses_declared == load_sweep(declared).provenance.poses_declared


def test_convert_refuses_other_names_before_the_work(tmp_path):
    assert ".mha" in failure("convert", tmp_path / "none.dcm", "-o", tmp_path / "s.avi")
    assert not list(tmp_path.iterdir())


def test_recordings_without_poses(tmp_path):
    path = cine(tmp_path / "c.dcm")
    line = failure("reconstruct", path, "-o", tmp_path / "v.mha")
    assert "without poses" in line
    assert "csv:FILE" in line
    printed = run_json("inspect", path)
    assert printed["format"] == "ultrasound DICOM"
    assert printed["pixel_spacing_mm"] == [1.0, 1.0]
    assert "no poses" in printed["extent"]
    assert printed["header"]["TimesFrom"] == "FrameTime"


def test_a_declared_sweep_has_no_lag(tmp_path):
    with pytest.raises(PoseError, match="neither a lag nor gaps"):
        load_sweep(cine(tmp_path / "c.dcm"), options("linear:step=1mm", lag=0.1))


def test_a_volume_takes_no_poses(tmp_path):
    from tests.apps.commands_fixtures import bright_half
    from tests.edge_sdk.fakes import toy_package

    line = failure(
        "segment", bright_half(tmp_path / "v.mha"), "--package", toy_package(tmp_path / "p.edgepkg"),
        "--lag", "1", "-o", tmp_path / "m.mha",
    )  # fmt: skip
    assert "--lag" in line


def test_own_poses_are_resampled_only_where_asked(tmp_path):
    times = np.arange(4) * 0.1
    matrices = np.tile(np.eye(4), (4, 1, 1))
    matrices[:, 0, 3] = times
    tracked = TrackedTransform(matrices, ("OK", "INVALID", "OK", "OK"))
    sweep = Sweep(np.zeros((4, 5, 6), np.uint8), times, {"ProbeToReference": tracked}, ("OK",) * 4)
    write_sweep(replace(sweep, transforms={"ProbeToReference": tracked}), tmp_path / "s.igs.mha")
    assert load_sweep(tmp_path / "s.igs.mha").transforms["ProbeToReference"].status == tracked.status
    lagged = load_sweep(tmp_path / "s.igs.mha", options(lag=0.05)).transforms["ProbeToReference"]
    assert lagged.status == ("OK", "OK", "OK", "MISSING")  # the gap of 0.2 s is bridged, nothing is extrapolated
    np.testing.assert_allclose(lagged.matrices[:3, 0, 3], times[:3] + 0.05)


@pytest.mark.parametrize("text", ["1e-9", "0", "-0.1", "0.1,11", "nan"])
def test_a_pixel_size_that_no_scanner_has_is_refused(text: str) -> None:
    with pytest.raises(PoseError, match=r"--pixel-spacing is .*expected 0\.001 to 10 mm; give"):
        parse_pixel_spacing(text)
