"""Writing a mask in DICOM, with the volume that it refers to beside it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sdk.errors import EdgeSdkError
from edge_sdk.extras import missing_module
from edge_sdk.files import atomic_path
from edge_sdk.volume.elsewhere import for_other_formats
from edge_sdk.volume.grid import Volume

if TYPE_CHECKING:
    from pydicom import Dataset


def check_dicom_name(path: Path) -> None:
    """Refuse, before the work, what `write_dicom` would refuse by its name or for want of a library.

    Raises:
        EdgeSdkError: The name does not end with .dcm, or the extra `dicom` is not installed.
    """
    if path.suffix.lower() != ".dcm":
        raise EdgeSdkError("is not a name of a DICOM file", where=path, remedy="use a name that ends with .dcm")
    if (missing := missing_module(("pydicom", "highdicom"), "dicom")) is not None:
        raise EdgeSdkError(f"no DICOM can be written: {missing}", where=path)


def check_dicom_volume(volume: Volume) -> None:
    """Refuse, before the work, a volume that `write_dicom` would refuse.

    Raises:
        GeometryError: DICOM cannot hold the voxels or express the grid.
    """
    from edge_sdk.volume.dicom.storable import check_rectangular, stored

    stored(volume.voxels)
    check_rectangular(for_other_formats(volume).grid)


def volume_beside(mask: Path) -> Path:
    """Where the volume of a DICOM mask goes: MASK-volume.dcm."""
    return mask.with_name(f"{mask.stem}-volume{mask.suffix}")


def write_dicom(
    volume: Volume,
    mask: Volume,
    labels: Mapping[int, str],
    mask_path: Path,
    volume_path: Path,
    *,
    algorithm: str,
    recording: Path | None = None,
    tracked: bool = True,
) -> None:
    """Write the mask as a DICOM Segmentation and the volume as the Enhanced US Volume that it refers to.

    Both have new UIDs and share study and frame of reference. That frame is the tracker's, taken as LPS; nothing aligns
    it with the patient.

    Args:
        volume: Whole numbers from 0 to 65535, (D, H, W).
        mask: Labels (D, H, W) on the same grid, 0 is the background.
        labels: Label to name, numbered without gaps.
        mask_path, volume_path: The files.
        algorithm: What segmented the volume.
        recording: From where patient and study are taken over if it is DICOM; else they are placeholders.
        tracked: Whether a device measured the poses; False for declared ones.

    Raises:
        EdgeSdkError: As `check_dicom_name`, or a place cannot be written.
        GeometryError: The voxels are of another kind, or the grid's axes are not at right angles.
    """
    check_dicom_name(mask_path)
    from edge_sdk.volume.dicom.enhanced_us import enhanced_us_volume
    from edge_sdk.volume.dicom.segmentation import segmentation
    from edge_sdk.volume.dicom.study import study_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a recording's own attributes look like
        source = enhanced_us_volume(for_other_formats(volume), study_of(recording), tracked=tracked)
        segments = segmentation(mask, labels, source, algorithm=algorithm)
        with atomic_path(volume_path) as volume_part, atomic_path(mask_path) as mask_part:
            _save(source, volume_part)
            _save(segments, mask_part)


def _save(dataset: Dataset, path: Path) -> None:
    # Not straight into the file: pydicom would raise an error of the disk again without its number.
    content = BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    path.write_bytes(content.getbuffer())
