"""Loss is passed on, also where a recording tells it by its transfer syntax alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import MPEG4HP41, UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from edge_sdk.volume.dicom.compression import compression_of


def recording(syntax: UID, **attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 10, 20, 30
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.mark.parametrize(("syntax", "method"), [(JPEGBaseline8Bit, "ISO_10918_1"), (MPEG4HP41, "ISO_14496_10")])
def test_a_syntax_that_loses_is_enough(syntax: UID, method: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(bytes(600))
    found = compression_of(recording(syntax), path)
    assert (found.LossyImageCompression, found.LossyImageCompressionMethod) == ("01", method)
    assert found.LossyImageCompressionRatio == pytest.approx(10.0)  # 6000 pixels of a byte in 600 bytes


def test_what_was_lost_before_stays_lost(tmp_path: Path) -> None:
    told = {"LossyImageCompression": "01", "LossyImageCompressionRatio": ["3", "4.5"]}
    found = compression_of(recording(ExplicitVRLittleEndian, **told), tmp_path)
    assert list(found.LossyImageCompressionRatio) == [3, 4.5]
    assert found.LossyImageCompressionMethod == "UNKNOWN"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEG2000Lossless])
def test_nothing_lost_is_said_as_well(syntax: UID, tmp_path: Path) -> None:
    assert compression_of(recording(syntax), tmp_path).to_json_dict() == compression_of(Dataset(), None).to_json_dict()
    assert compression_of(Dataset(), None).LossyImageCompression == "00"
