"""Fields that are named as transforms and are not used."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.sweep.sweep import Sweep
from edge_sdk.sweep.unread_transforms import names_transform, some_names, unread_transforms


@pytest.mark.parametrize(
    ("field", "expected"),
    [("ProbeTransform", True), ("probetransform", True), ("Transform", False), ("TransformMatrix", False)],
)
def test_names_of_transforms(field: str, expected: bool) -> None:
    assert names_transform(field) is expected


def test_fields_of_frames_and_of_the_header() -> None:
    fields = ({"ATransform": "1", "FrameNumber": "0"}, {"BTransform": "1", "ATransform": "1"})
    header = {"CalibrationTransform": "1", "TransformMatrix": "1", "DefaultFrameTransformName": "A"}
    sweep = Sweep(np.zeros((2, 1, 1), np.uint8), np.arange(2.0), fields=fields, header=header)
    assert unread_transforms(sweep) == ["ATransform", "BTransform", "CalibrationTransform"]


def test_many_names_are_cut() -> None:
    assert some_names(["a", "b"]) == "a, b"
    assert some_names(list("abcdefg")) == "a, b, c, d, e and 2 more"
