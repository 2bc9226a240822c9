"""Segments have names, codes and colors."""

from __future__ import annotations

from collections.abc import Callable

import highdicom
import numpy as np
import pydicom
from pydicom.sr.codedict import codes
from skimage.color import rgb2lab

from edge_sdk.volume.label_colors import label_rgb
from tests.edge_sdk.volume.dicom.conftest import Written


def test_segments_are_named_coded_and_colored(write: Callable[..., Written]) -> None:
    mask = highdicom.seg.segread(write().mask_path)
    assert mask.SegmentationType == "BINARY"
    assert list(mask.segment_numbers) == [1, 2, 3]
    vessel, cyst, other = (mask.get_segment_description(number) for number in (1, 2, 3))
    assert [part.segment_label for part in (vessel, cyst)] == ["vessel", "Cyst"]
    assert other.segment_label == ("odd/name " + 70 * "x")[:64]
    assert vessel.segmented_property_type == codes.SCT.BloodVessel
    assert cyst.segmented_property_type == codes.SCT.Cyst
    assert cyst.segmented_property_category == codes.SCT.MorphologicallyAbnormalStructure
    assert other.segmented_property_type == codes.SCT.Tissue
    assert vessel.algorithm_type == highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC
    assert vessel.algorithm_identification.name == "phantom-s-int8"


def test_cielab_is_that_of_the_color(write: Callable[..., Written]) -> None:
    segments = pydicom.dcmread(write().mask_path).SegmentSequence
    for number, segment in enumerate(segments, start=1):
        lightness, a, b = (value / 65535 for value in segment.RecommendedDisplayCIELabValue)
        expected = rgb2lab(np.array(label_rgb(number)) / 255)
        np.testing.assert_allclose([100 * lightness, 255 * a - 128, 255 * b - 128], expected, atol=0.5)
