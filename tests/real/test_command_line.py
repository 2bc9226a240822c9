"""The commands on real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.apps.commands_fixtures import failure, run_json

pytestmark = pytest.mark.real

FRAMES = {
    "plus_golden/SpinePhantomFreehand.igs.mha": 21,
    "plus_nwire/fCal_Test_Calibration_3NWires.igs.mha": 188,
    "plus_nwire/fCal_Test_Validation_3NWires.igs.mha": 94,
    "plus_other/Prostate10_video.igs.mhd": 10,
    "plus_other/SlidingProbeTrackingData.igs.mha": 85,
}


@pytest.mark.parametrize("name", FRAMES)
def test_sweeps_are_known(real_data: Path, name: str) -> None:
    printed = run_json("inspect", real_data / name)
    assert (printed["kind"], printed["frames"]) == ("sweep", FRAMES[name])


@pytest.mark.parametrize("kind", ["LNMAXI", "LNMEAN", "NNMEAN"])
def test_plus_reference_volumes_are_volumes(real_data: Path, kind: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    path = real_data / "plus_golden" / f"VolumeReconstructorTest{kind}volumeRef.mha"
    printed, image = run_json("inspect", path), sitk.ReadImage(str(path))
    assert printed["kind"] == "volume"
    assert printed["size_xyz"] == list(image.GetSize())
    np.testing.assert_allclose(printed["origin_mm"], image.GetOrigin())


def test_parameters_of_the_published_networks(real_data: Path) -> None:
    found = {path.name: run_json("inspect", path) for path in (real_data / "upstream_parity").glob("*.npz")}
    assert found
    for name, printed in found.items():
        assert printed["variant"] == ("T" if name.startswith("tiny") else "M or L")


def test_reconstruct_has_the_references_geometry_and_voxels(real_data: Path, tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    folder = real_data / "plus_golden"
    printed = run_json(
        "reconstruct", folder / "SpinePhantomFreehand.igs.mha",
        "--config", folder / "Config_VolumeReconstruction_SpinePhantom_NN_MEAN.xml", "-o", tmp_path / "v.mha",
    )  # fmt: skip
    assert printed["frames_inserted"] == 21
    ours = sitk.ReadImage(str(tmp_path / "v.mha"))
    theirs = sitk.ReadImage(str(folder / "VolumeReconstructorTestNNMEANvolumeRef.mha"))
    assert ours.GetSize() == theirs.GetSize()
    np.testing.assert_allclose(ours.GetOrigin(), theirs.GetOrigin(), atol=1e-3)
    assert ours.GetSpacing() == theirs.GetSpacing()
    one, two = sitk.GetArrayFromImage(ours).astype(int), sitk.GetArrayFromImage(theirs).astype(int)
    assert (abs(one - two) <= 2).mean() > 0.995


def test_sweep_without_calibration_names_the_remedy(real_data: Path, tmp_path: Path) -> None:
    sweep = real_data / "plus_golden" / "SpinePhantomFreehand.igs.mha"
    line = failure("reconstruct", sweep, "-o", tmp_path / "v.mha")
    assert "ImageToReference" in line
    assert "--config" in line
    assert list(tmp_path.iterdir()) == []
