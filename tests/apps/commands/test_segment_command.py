"""edge-sdk segment, with a network whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import trimesh

from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.volume.files import read_volume, write_volume
from edge_sdk.volume.grid import Grid, Volume
from tests.apps.commands_fixtures import bright_half, failure, run, run_json
from tests.edge_sdk.fakes import FakeTarget, fake_targets, toy_package


@pytest.fixture(autouse=True)
def alpha(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    fake_targets(monkeypatch, FakeTarget("alpha"), FakeTarget("beta", missing="beta is not installed; pip install x"))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return toy_package(tmp_path / "toy.edgepkg")


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_mask_lies_on_the_volume(tmp_path: Path, package: Path, suffix: str) -> None:
    scan = bright_half(tmp_path / f"scan{suffix}")
    mask = tmp_path / f"mask{suffix}"
    printed = run_json("segment", scan, "--package", package, "-o", mask)
    assert printed["mask"] == str(mask)
    assert printed["target"] == "alpha"
    assert printed["class_ml"] == {"bright": pytest.approx(4.0, rel=0.11)}
    assert printed["seconds"] > 0
    found = read_volume(mask)
    assert found.voxels.dtype == np.uint8
    assert (found.voxels[:9] == 1).all()
    assert (found.voxels[11:] == 0).all()
    np.testing.assert_allclose(found.grid.index_to_world, read_volume(scan).grid.index_to_world, atol=1e-5)


def test_slicer_segmentation_has_names(tmp_path: Path, package: Path) -> None:
    nrrd = pytest.importorskip("nrrd")
    run_json("segment", bright_half(tmp_path / "scan.mha"), "--package", package, "-o", tmp_path / "mask.seg.nrrd")
    header = nrrd.read_header(str(tmp_path / "mask.seg.nrrd"))
    assert header["Segment0_Name"] == "bright"
    assert header["Segment0_LabelValue"] == "1"


def test_surfaces_hold_what_the_mask_holds(tmp_path: Path, package: Path) -> None:
    scan, surface = bright_half(tmp_path / "scan.mha"), tmp_path / "s.stl"
    printed = run_json("segment", scan, "--package", package, "-o", tmp_path / "mask.mha", "--surface", surface)
    assert printed["surfaces"] == {"bright": str(tmp_path / "s-bright.stl")}
    mesh = trimesh.load_mesh(printed["surfaces"]["bright"])
    assert mesh.volume / 1000 == pytest.approx(printed["class_ml"]["bright"], rel=0.05)
    line = failure("segment", scan, "--package", package, "-o", tmp_path / "m.mha", "--surface", tmp_path / "s.obj")
    assert "use a name that ends with .stl" in line
    assert not (tmp_path / "m.mha").exists()


def test_dicom_masks_come_with_their_volume(tmp_path: Path, package: Path) -> None:
    scan, mask = bright_half(tmp_path / "scan.mha"), tmp_path / "mask.dcm"
    printed = run_json("segment", scan, "--package", package, "-o", mask)
    assert printed["mask"] == str(mask)
    segments, volume = highdicom.seg.segread(mask), highdicom.imread(tmp_path / "mask-volume.dcm")
    assert segments.get_segment_description(1).segment_label == "bright"
    assert segments.FrameOfReferenceUID == volume.FrameOfReferenceUID
    assert volume.PositionMeasuringDeviceUsed == "FREEHAND"  # nobody knows, so nothing is claimed
    np.testing.assert_array_equal(volume.get_volume().array[::-1], read_volume(scan).voxels)
    labels = segments.get_volume(combine_segments=True).array[::-1]
    assert labels.sum() / 1000 == pytest.approx(printed["class_ml"]["bright"])


def test_what_dicom_cannot_hold_is_refused_before_the_work(
    tmp_path: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = Volume(np.full((20, 20, 20), -5, np.int16), Grid((20,) * 3, (1.0,) * 3, (0.0,) * 3))
    write_volume(below, tmp_path / "mr.mha")
    monkeypatch.setattr("edge_sdk.inference.segment.segment", lambda *_args, **_more: pytest.fail("it was segmented"))
    line = failure("segment", tmp_path / "mr.mha", "--package", package, "-o", tmp_path / "mask.dcm")
    assert "give whole numbers from 0 to 65535, or another format than DICOM" in line
    monkeypatch.setattr("edge_sdk.volume.dicom.files.missing_module", lambda *_: "pydicom is not installed: pip …")
    scan = bright_half(tmp_path / "scan.mha")
    assert "no DICOM can be written: pydicom is not" in failure(
        "segment", scan, "--package", package, "-o", tmp_path / "mask.dcm"
    )
    assert not list(tmp_path.glob("mask*"))


def test_measurements_are_written_where_asked_for(tmp_path: Path, package: Path) -> None:
    scan, place = bright_half(tmp_path / "scan.mha"), tmp_path / "new" / "m.json"
    printed = run_json("segment", scan, "--package", package, "-o", tmp_path / "m.mha", "--measurements", place)
    assert printed["measurements"] == str(place)
    content = json.loads(place.read_text())
    bright = content["classes"]["bright"]
    assert bright["volume_ml"] == pytest.approx(printed["class_ml"]["bright"])
    assert bright["cut_off"]
    assert content["package"].keys() == {"name", "manifest_sha256"}


def test_a_sweeps_measurements_know_what_was_seen(tmp_path: Path, package: Path) -> None:
    count = 12
    matrices = np.repeat(np.eye(4)[None], count, axis=0)
    matrices[:, 2, 3] = np.arange(count)
    sweep = Sweep(
        images=np.full((count, 20, 24), 255, np.uint8),
        timestamps=np.arange(count) / 20,
        transforms={"ImageToReference": TrackedTransform(matrices, ("OK",) * count)},
        image_status=("OK",) * count,
    )
    write_sweep(sweep, tmp_path / "s.igs.mha")
    place = tmp_path / "m.json"
    printed = run_json(
        "segment", tmp_path / "s.igs.mha", "--package", package, "-o", tmp_path / "m.dcm", "--measurements", place
    )
    assert printed["frames_inserted"] == count
    content = json.loads(place.read_text())
    assert content["seen_share"] == 1.0
    assert content["classes"]["bright"]["unseen_voxels"] == 0
    assert pydicom.dcmread(tmp_path / "m-volume.dcm").PositionMeasuringDeviceUsed == "RIGID"


def test_table_for_people_and_silence_when_quiet(tmp_path: Path, package: Path) -> None:
    arguments = ("segment", bright_half(tmp_path / "scan.mha"), "--package", package, "-o", tmp_path / "mask.mha")
    assert "bright: 4" in run(*arguments)[1] or "bright: 3." in run(*arguments)[1]
    assert run(*arguments, "--quiet")[1:] == ("", "")


def test_failures_write_nothing(tmp_path: Path, package: Path) -> None:
    scan, mask = bright_half(tmp_path / "scan.mha"), tmp_path / "out" / "mask.nii.gz"
    line = failure("segment", scan, "--package", package, "--target", "beta", "-o", mask)
    assert "pip install" in line
    assert "no DICOM" not in failure("segment", scan, "--package", package, "-o", tmp_path / "mask.txt")
    assert "there is no such file" in failure("segment", tmp_path / "no.mha", "--package", package, "-o", mask)
    assert "give a volume" in failure("segment", package, "--package", package, "-o", mask)
    assert "no such package" in failure("segment", scan, "--package", tmp_path / "no.edgepkg", "-o", mask)
    short = tmp_path / "short.mha"
    short.write_bytes(scan.read_bytes()[:-40])
    assert str(short) in failure("segment", short, "--package", package, "-o", mask)
    content = bytearray(package.read_bytes())
    content[len(content) // 2] ^= 1
    package.write_bytes(content)
    assert str(package) in failure("segment", scan, "--package", package, "-o", mask)
    assert not mask.parent.exists()


@pytest.mark.parametrize("option", ["-o", "--measurements"])
def test_an_input_is_not_replaced_by_its_own_result(tmp_path: Path, package: Path, option: str) -> None:
    scan = bright_half(tmp_path / "scan.mha")
    before = scan.read_bytes()
    mask = ["-o", tmp_path / "mask.mha"] if option != "-o" else []
    printed = failure("segment", scan, "--package", package, *mask, option, scan)
    assert "is an input, which the output would replace" in printed
    assert scan.read_bytes() == before
    assert not (tmp_path / "mask.mha").exists()
