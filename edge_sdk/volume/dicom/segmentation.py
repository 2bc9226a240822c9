"""A mask as a DICOM Segmentation (PS3.3 A.51) of an Enhanced US Volume, through highdicom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from edge_sdk.version import __version__
from edge_sdk.volume import terminology
from edge_sdk.volume.dicom.elements import equipment
from edge_sdk.volume.grid import Volume
from edge_sdk.volume.label_colors import label_rgb
from edge_sdk.volume.terminology import meaning_of

_LONGEST = 64
_LEARNED = Code("123110", "DCM", "Artificial Intelligence")


def segmentation(mask: Volume, labels: Mapping[int, str], source: Dataset, *, algorithm: str) -> Any:
    """The mask as a `highdicom.seg.Segmentation`: binary, a segment per class, on all frames of the source.

    Segment numbers are the labels. Frames without a class are there too, so that every reader gets the whole grid.
    highdicom takes an Enhanced US Volume as the source for the sake of its Plane Position (Patient): it knows no
    volume-based positions, and without the former would write a mask without a place. It orders frames against the
    slice normal, so the last z comes first; each frame says its own position.

    Args:
        mask: Labels (D, H, W), 0 is the background, on the source's grid.
        labels: Label → name of the class.
        source: Data set from `enhanced_us_volume`; its patient, study and frame of reference become the mask's.
        algorithm: Name of the package that segmented it.
    """
    import highdicom
    from highdicom.seg import Segmentation, SegmentationTypeValues

    made = equipment()
    return Segmentation(
        source_images=[source],
        pixel_array=mask.voxels.astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _segment(label, name, algorithm, highdicom) for label, name in sorted(labels.items()) if label != 0
        ],
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=made["Manufacturer"],
        manufacturer_model_name=made["ManufacturerModelName"],
        software_versions=made["SoftwareVersions"],
        device_serial_number=made["DeviceSerialNumber"],
        omit_empty_frames=False,
        content_label="SEGMENTATION",
        content_description="Segmentation of a compounded ultrasound volume",
        series_description="Segmentation",
    )


def _segment(label: int, name: str, algorithm: str, highdicom: Any) -> Any:
    meaning = meaning_of(name)
    return highdicom.seg.SegmentDescription(
        segment_number=label,
        segment_label=_long_string(name),
        segmented_property_category=_code(meaning.category),
        segmented_property_type=_code(meaning.kind),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=_long_string(algorithm), family=_LEARNED, version=__version__
        ),
        display_color=highdicom.color.CIELabColor.from_rgb(*label_rgb(label)),
    )


def _code(code: terminology.Code) -> Code:
    return Code(code.value, terminology.SCHEME, code.meaning)


def _long_string(text: str) -> str:
    """What fits into DICOM's LO, in which a backslash would part two values."""
    return text.replace("\\", "/")[:_LONGEST]
