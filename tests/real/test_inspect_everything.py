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
        printed = run_json("inspect", path)
        if path.suffix == ".xml":
            assert printed["kind"] == "configuration", path
            assert printed["transforms"], path
        elif path.name in VOLUMES or path.name.endswith("volumeRef.mha"):
            assert (printed["kind"], len(printed["size_xyz"])) == ("volume", 3), path
        else:
            assert (printed["kind"], printed["frames"]) == ("sweep", FRAMES.get(path.name, printed["frames"])), path
            assert printed["frames"] > 0
            assert printed["transforms"] or printed["image_size"], path


def test_a_calibration_result(real_data: Path) -> None:
    printed = run_json("inspect", real_data / "plus_nwire" / "FreehandCalibration3NWires_fCal2.0.results.xml")
    assert printed["document"] == "ProbeCalibrationResult 2.0"
    assert (printed["calibration_frames"], printed["validation_frames"]) == (190, 103)
    assert printed["reprojection_error"]["CalibrationMeanMm"].startswith("0.")
    (transform,) = printed["transforms"]
    assert transform["transform"] == "ImageToProbe"
    np.testing.assert_allclose(transform["scale"], 0.078, atol=0.005)  # mm per pixel, of its device set's Segmentation


def test_a_device_set(real_data: Path) -> None:
    printed = run_json("inspect", real_data / "plus_nwire" / "PlusDeviceSet_fCal_Sim_SpatialCalibration_2.0.xml")
    assert len(printed["wires"]) == 9
    assert printed["devices"][0]["recording"] == "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha"
    assert printed["reconstruction"]["spacing"] == [0.5, 0.5, 0.5]


def test_ultrasound_of_pydicom() -> None:
    files = ultrasound_files()
    assert len(files) > 20
    for path in files:
        printed = run_json("inspect", path)
        assert (printed["kind"], printed["format"]) == ("sweep", "ultrasound DICOM"), path
        assert printed["frames"] >= 1
        assert min(printed["image_size"]) > 1
