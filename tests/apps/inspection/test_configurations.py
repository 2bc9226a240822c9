from __future__ import annotations

import pytest

from tests.apps.commands_fixtures import failure, run_json

DEVICE_SET = """
<PlusConfiguration version="2.9">
  <DataCollection>
    <DeviceSet Name="Probe and tracker" />
    <Device Id="Video" Type="SavedDataSource" SequenceFile="v.igs.mha" LocalTimeOffsetSec="-0.0648" />
  </DataCollection>
  <CoordinateDefinitions>
    <Transform From="Image" To="Probe" Matrix="0 0.1 0 11  0.2 0 0 12  0 0 0.3 13  0 0 0 1" />
  </CoordinateDefinitions>
  <PhantomDefinition><Geometry><Pattern>
    <Wire Name="1:E2_e2" EndPointFront="20 0 5" EndPointBack="20 40 35" />
  </Pattern></Geometry></PhantomDefinition>
  <VolumeReconstruction OutputSpacing="0.5 0.5 0.5" CompoundingMode="MEAN" FillHoles="ON">
    <HoleFilling><HoleFillingElement Type="STICK" StickLengthLimit="9" NumberOfSticksToUse="1" /></HoleFilling>
  </VolumeReconstruction>
</PlusConfiguration>
"""
RESULT = """
<ProbeCalibrationResult version="2.0">
  <CalibrationResults>
    <Transform From="Image" To="Probe" Matrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1" />
  </CalibrationResults>
  <ErrorReport>
    <ReprojectionError3DStatistics CalibrationMeanMm="0.5" />
    <CalibrationData>
      <Frame Index="0"><SegmentedPoints><Point Position="1 2 0" /><Point Position="3 4 0" /></SegmentedPoints></Frame>
      <Frame Index="1"><SegmentedPoints><Point Position="1 2 0" /></SegmentedPoints></Frame>
    </CalibrationData>
  </ErrorReport>
</ProbeCalibrationResult>
"""


def test_a_device_set(tmp_path):
    path = tmp_path / "c.xml"
    path.write_text(DEVICE_SET)
    printed = run_json("inspect", path)
    assert (printed["kind"], printed["document"], printed["name"]) == (
        "configuration",
        "PlusConfiguration 2.9",
        "Probe and tracker",
    )
    assert printed["transforms"] == [
        {"transform": "ImageToProbe", "scale": [0.2, 0.1, 0.3], "translation_mm": [11, 12, 13]}
    ]
    assert [(wire["wire"], wire["length_mm"]) for wire in printed["wires"]] == [("1:E2_e2", 50.0)]
    assert printed["devices"] == [
        {"device": "Video", "type": "SavedDataSource", "time_offset_s": "-0.0648", "recording": "v.igs.mha"}
    ]
    assert printed["reconstruction"]["compounding"] == "mean"
    assert printed["reconstruction"]["fill_holes"] == ["STICK"]


def test_a_calibration_result(tmp_path):
    path = tmp_path / "r.xml"
    path.write_text(RESULT)
    printed = run_json("inspect", path)
    assert (printed["calibration_frames"], printed["calibration_points"], printed["validation_frames"]) == (2, 3, 0)
    assert printed["reprojection_error"] == {"CalibrationMeanMm": "0.5"}


@pytest.mark.parametrize(
    ("text", "says"), [("<svg/>", "no PLUS configuration"), ("<svg>", "not a PLUS configuration"), ("", "not a PLUS")]
)
def test_other_files_are_refused(tmp_path, text, says):
    path = tmp_path / "c.xml"
    path.write_text(text)
    assert says in failure("inspect", path)
