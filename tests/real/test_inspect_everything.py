"""Every recording and configuration that we have is opened by `inspect`, which says what it holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.apps.commands_fixtures import run_json
from tests.edge_sdk.sweep.formats.test_dicom_cine import ultrasound_files

pytestmark = pytest.mark.real

FOLDERS = ("plus_other", "plus_nwire", "plus_golden", "handheld_video")
VOLUMES = {"NwirePhantomFreehandReconstructed.mha", "sonivate-anechoic_1-1.nrrd"}
FRAMES = {
    "BoneUltrasound_L14.igs.mha": 21, "NrrdSample.igs.nrrd": 1, "Prostate10_video.raw": 10,
    "NwirePhantomFreehand.igs.mha": 97, "NwirePhantomFreehand.igs.nrrd": 97, "butterfly-ocular-phantom.mp4": 369,
    "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha": 801, "sonoque_anechoic-3mm-3mm.dcm": 1,
}  # fmt: skip


def test_recordings(real_data: Path) -> None:
    files = [path for folder in FOLDERS for path in sorted((real_data / folder).iterdir())]
    files = [path for path in files if not path.name.startswith("LICENSE")]
    assert len(files) >= 32
    for path in files:
        said = run_json("inspect", path)
        if path.suffix == ".xml":
            assert said["kind"] == "configuration", path
            assert said["transforms"], path
        elif path.name in VOLUMES or path.name.endswith("volumeRef.mha"):
            assert (said["kind"], len(said["size_xyz"])) == ("volume", 3), path
        else:
            assert (said["kind"], said["frames"]) == ("sweep", FRAMES.get(path.name, said["frames"])), path
            assert said["frames"] > 0
            assert said["transforms"] or said["image_size"], path


def test_a_calibration_result(real_data: Path) -> None:
    said = run_json("inspect", real_data / "plus_nwire" / "FreehandCalibration3NWires_fCal2.0.results.xml")
    assert said["document"] == "ProbeCalibrationResult 2.0"
    assert (said["calibration_frames"], said["validation_frames"]) == (190, 103)
    assert said["reprojection_error"]["CalibrationMeanMm"].startswith("0.")
    (transform,) = said["transforms"]
    assert transform["transform"] == "ImageToProbe"
    np.testing.assert_allclose(transform["scale"], 0.078, atol=0.005)  # mm per pixel, of its device set's Segmentation


def test_a_device_set(real_data: Path) -> None:
    said = run_json("inspect", real_data / "plus_nwire" / "PlusDeviceSet_fCal_Sim_SpatialCalibration_2.0.xml")
    assert len(said["wires"]) == 9
    assert said["devices"][0]["recording"] == "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha"
    assert said["reconstruction"]["spacing"] == [0.5, 0.5, 0.5]


def test_ultrasound_of_pydicom() -> None:
    files = ultrasound_files()
    assert len(files) > 20
    for path in files:
        said = run_json("inspect", path)
        assert (said["kind"], said["format"]) == ("sweep", "ultrasound DICOM"), path
        assert said["frames"] >= 1
        assert min(said["image_size"]) > 1
