"""edge-sdk segment, with a network whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from edge_sdk.volume.files import read_volume
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
    said = run_json("segment", scan, "--package", package, "-o", mask)
    assert said["mask"] == str(mask)
    assert said["target"] == "alpha"
    assert said["class_ml"] == {"bright": pytest.approx(4.0, rel=0.11)}
    assert said["seconds"] > 0
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
    said = run_json("segment", scan, "--package", package, "-o", tmp_path / "mask.mha", "--surface", surface)
    assert said["surfaces"] == {"bright": str(tmp_path / "s-bright.stl")}
    mesh = trimesh.load_mesh(said["surfaces"]["bright"])
    assert mesh.volume / 1000 == pytest.approx(said["class_ml"]["bright"], rel=0.05)
    line = failure("segment", scan, "--package", package, "-o", tmp_path / "m.mha", "--surface", tmp_path / "s.obj")
    assert "use a name that ends with .stl" in line
    assert not (tmp_path / "m.mha").exists()


def test_table_for_people_and_silence_when_quiet(tmp_path: Path, package: Path) -> None:
    words = ("segment", bright_half(tmp_path / "scan.mha"), "--package", package, "-o", tmp_path / "mask.mha")
    assert "bright: 4" in run(*words)[1] or "bright: 3." in run(*words)[1]
    assert run(*words, "--quiet")[1:] == ("", "")


def test_failures_write_nothing(tmp_path: Path, package: Path) -> None:
    scan, mask = bright_half(tmp_path / "scan.mha"), tmp_path / "out" / "mask.nii.gz"
    line = failure("segment", scan, "--package", package, "--target", "beta", "-o", mask)
    assert "pip install" in line
    assert "no DICOM" not in failure("segment", scan, "--package", package, "-o", tmp_path / "mask.txt")
    assert ".seg.nrrd" in failure("segment", scan, "--package", package, "-o", tmp_path / "mask.dcm")
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
