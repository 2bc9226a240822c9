"""edge-sdk reconstruct and simulate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sdk.volume.files import read_volume
from tests.apps.commands.test_inspect_command import small_sweep
from tests.apps.commands_fixtures import failure, run_json


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
def test_volume_lies_where_the_frames_were(tmp_path: Path, suffix: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    sweep, volume = small_sweep(tmp_path / "s.igs.mha"), tmp_path / f"v{suffix}"
    printed = run_json("reconstruct", sweep, "--spacing", "1", "--interpolation", "nearest", "-o", volume)
    assert (printed["frames_inserted"], printed["frames_left_out"]) == (3, 1)
    image = sitk.ReadImage(str(volume))
    assert image.GetSize() == (6, 5, 3)
    np.testing.assert_allclose(image.GetOrigin(), 0.0, atol=1e-6)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), np.arange(90, dtype=np.uint8).reshape(3, 5, 6))


def test_a_later_configuration_completes_the_first(tmp_path: Path) -> None:
    device_set, result = tmp_path / "device_set.xml", tmp_path / "result.xml"
    device_set.write_text(
        '<PlusConfiguration><VolumeReconstruction OutputSpacing="2 2 2" Interpolation="NEAREST_NEIGHBOR"/>'
        "</PlusConfiguration>"
    )
    result.write_text(
        '<ProbeCalibrationResult><CalibrationResults><Transform From="Image" To="Probe" '
        'Matrix="3 0 0 0  0 1 0 0  0 0 1 0  0 0 0 1"/></CalibrationResults></ProbeCalibrationResult>'
    )
    sweep = small_sweep(tmp_path / "s.igs.mha")
    printed = run_json(
        "reconstruct", sweep, "--config", device_set, "--config", result, "-o", tmp_path / "v.mha"
    )  # fmt: skip
    assert printed["spacing_mm"] == [2.0, 2.0, 2.0]
    assert printed["size_xyz"][0] == 9  # 6 pixels of 3 mm span 15 mm, in voxels of 2 mm


def test_options_win_over_the_defaults(tmp_path: Path) -> None:
    sweep = small_sweep(tmp_path / "s.igs.mha")
    printed = run_json("reconstruct", sweep, "-o", tmp_path / "v.mha")
    assert printed["spacing_mm"] == [0.5, 0.5, 0.5]
    filled = run_json(
        "reconstruct", sweep, "--interpolation", "nearest", "--compounding", "latest",
        "--fill-holes", "nearest_neighbor", "-o", tmp_path / "f.mha",
    )  # fmt: skip
    assert filled["size_xyz"] == printed["size_xyz"]
    bare = run_json("reconstruct", sweep, "--interpolation", "nearest", "-o", tmp_path / "b.mha")
    assert bare["size_xyz"] == printed["size_xyz"]
    empty = (read_volume(tmp_path / "b.mha").voxels == 0).sum()
    assert (read_volume(tmp_path / "f.mha").voxels == 0).sum() < empty
    run_json(
        "reconstruct", sweep, "--interpolation", "nearest", "--fill-holes", "stick:length=3",
        "--fill-holes", "gaussian_accumulation:size=9", "-o", tmp_path / "c.mha",
    )  # fmt: skip
    assert (read_volume(tmp_path / "c.mha").voxels == 0).sum() < empty


def test_failures_write_nothing(tmp_path: Path) -> None:
    sweep, volume = small_sweep(tmp_path / "s.igs.mha"), tmp_path / "v.mha"
    assert "ends with" in failure("reconstruct", sweep, "-o", tmp_path / "v.txt")
    assert "would fit" in failure("reconstruct", sweep, "--spacing", "0.00001", "-o", volume) or "at least" in failure(
        "reconstruct", sweep, "--spacing", "0.00001", "-o", volume
    )
    assert "above 0" in failure("reconstruct", sweep, "--spacing", "-1", "-o", volume)
    assert "nan" in failure("reconstruct", sweep, "--spacing", "nan", "-o", volume)
    assert "'whatever'" in failure("reconstruct", sweep, "--fill-holes", "whatever", "-o", volume)
    assert str(tmp_path / "no.xml") in failure("reconstruct", sweep, "--config", tmp_path / "no.xml", "-o", volume)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.igs.mha"]


@pytest.mark.slow
def test_simulated_sweep_is_one_that_the_other_commands_take(tmp_path: Path) -> None:
    printed = run_json("simulate", "-o", tmp_path / "s.igs.mha", "--frames", "3", "--seed", "1", "--frame-rate", "20")
    assert [Path(printed[key]).name for key in ("sweep", "config", "labels")] == [
        "s.igs.mha",
        "s.xml",
        "s-labels.nii.gz",
    ]
    seen = run_json("inspect", tmp_path / "s.igs.mha", "--config", tmp_path / "s.xml")
    assert (seen["frames"], seen["frame_rate"], seen["usable_frames"]) == (3, pytest.approx(20.0), 3)
    labels = read_volume(tmp_path / "s-labels.nii.gz").voxels
    assert set(np.unique(labels)) <= {0, 1, 2, 3}
    made = run_json("reconstruct", tmp_path / "s.igs.mha", "--config", tmp_path / "s.xml", "-o", tmp_path / "v.nii.gz")
    assert made["frames_inserted"] == 3


def test_simulate_refuses_before_the_work(tmp_path: Path) -> None:
    assert "ends with" in failure("simulate", "-o", tmp_path / "s.txt")
    assert "nonsense" in failure("simulate", "-o", tmp_path / "s.mha", "--anatomy", "nonsense")
    assert list(tmp_path.iterdir()) == []


def test_a_mask_alone_asks_for_importance(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    sweep, mask = small_sweep(tmp_path / "s.igs.mha"), tmp_path / "mask.png"
    cv2.imwrite(str(mask), np.full((5, 6), 9, np.uint8))
    printed = run_json("reconstruct", sweep, "--importance-mask", mask, "-o", tmp_path / "v.mha")
    assert printed["compounding"].startswith("importance")
    line = failure(
        "reconstruct", sweep, "--importance-mask", mask, "--compounding", "maximum", "-o", tmp_path / "n.mha"
    )
    assert "--importance-mask is given with --compounding maximum" in line


def test_what_cannot_be_is_refused_before_the_sweep_is_read(tmp_path: Path) -> None:
    absent, volume = tmp_path / "absent.igs.mha", tmp_path / "v.mha"
    line = failure("reconstruct", absent, "--fill-holes", "stick:length=0", "-o", volume)
    assert "--fill-holes stick:length=0 has length 0" in line
    line = failure("reconstruct", absent, "--mean", "true", "--compounding", "latest", "-o", volume)
    assert "--mean is given, but the compounding is latest" in line
    (tmp_path / "d.mha").mkdir()
    assert "a directory is in the way" in failure("reconstruct", absent, "-o", tmp_path / "d.mha")
    assert "cannot be written" in failure("reconstruct", absent, "-o", "/proc/v.mha")
