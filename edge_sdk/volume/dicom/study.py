"""Whose images they are: taken over from a DICOM recording, or placeholders that say that they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.uid import generate_uid

from edge_sdk.containers.dicom_file import is_dicom
from edge_sdk.volume.dicom.compression import compression_of

_PATIENT = ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
_PATIENT_STUDY = ("PatientAge", "PatientSize", "PatientWeight")
_STUDY = (
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_EMPTY_IF_UNKNOWN = ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID")
UNKNOWN_NAME, UNKNOWN_ID = "Unknown^Patient", "UNKNOWN"
"""Of a patient of whom the recording says nothing."""


@dataclass(frozen=True)
class Study:
    """Patient and study of new objects.

    Attributes:
        attributes: Elements of the modules Patient, General Study and Patient Study, with the character set.
        source: (SOP class UID, SOP instance UID) of the DICOM recording, None without one.
        compression: Whether the recording was compressed with loss, and how: what is derived from it is, too.
        acquired: AcquisitionDateTime of the recording as DICOM writes it, "" where it is not known.
    """

    attributes: Dataset
    source: tuple[str, str] | None
    compression: Dataset
    acquired: str


def study_of(recording: Path | None) -> Study:
    """The study of a recording in DICOM that was read already; of any other, a new study of an unknown patient."""
    from pydicom import dcmread

    dicom = recording if recording is not None and is_dicom(recording) else None
    known = Dataset() if dicom is None else dcmread(dicom, stop_before_pixels=True)
    study = Dataset()
    study.SpecificCharacterSet = "ISO_IR 192"
    for name in (*_PATIENT, *_PATIENT_STUDY, *_STUDY):
        if known.get(name):
            setattr(study, name, str(known.get(name)))  # as text, since the recording's character set may be another
    _fill_up(study)
    source = (str(known.SOPClassUID), str(known.SOPInstanceUID)) if "SOPInstanceUID" in known else None
    return Study(study, source, compression_of(known, dicom), _acquired(known))


def _fill_up(study: Dataset) -> None:
    defaults: dict[str, Any] = {
        "PatientName": UNKNOWN_NAME,
        "PatientID": UNKNOWN_ID,
        "ReferringPhysicianName": "",
        "StudyInstanceUID": generate_uid(),
        **dict.fromkeys(_EMPTY_IF_UNKNOWN, ""),
    }
    for name, value in defaults.items():
        if name not in study:
            setattr(study, name, value)


def _acquired(known: Dataset) -> str:
    if known.get("AcquisitionDateTime"):
        return str(known.AcquisitionDateTime)
    for what in ("Acquisition", "Content"):
        if known.get(f"{what}Date"):
            return f"{known.get(f'{what}Date')}{known.get(f'{what}Time') or ''}"
    return ""
