"""Times of frames from DICOM's attributes, by arithmetic on PS3.3 C.7.6.5."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from edge_sdk.sweep.formats.dicom_times import frame_times

TIME, VECTOR = Tag("FrameTime"), Tag("FrameTimeVector")


def attributes(**values: Any) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("values", "times", "source", "told"),
    [
        # The pointer decides, whichever else is there.
        (
            {"FrameIncrementPointer": TIME, "FrameTime": 40, "FrameTimeVector": [0, 125, 124]},
            40,
            "FrameTime",
            "124.5 ms",
        ),
        (
            {"FrameIncrementPointer": VECTOR, "FrameTime": 40, "FrameTimeVector": [0, 41, 39]},
            None,
            "FrameTimeVector",
            "",
        ),
        ({"FrameIncrementPointer": [TIME], "FrameTime": 40}, 40, "FrameTime", ""),
        ({"FrameIncrementPointer": VECTOR, "FrameTime": 40}, 40, "FrameTime", "FrameTimeVector is empty or absent"),
        ({"FrameIncrementPointer": TIME, "CineRate": 25}, 40, "CineRate", "FrameTime is absent"),
        # What is unusable is told, and the next one taken.
        ({"FrameTimeVector": [0, 0, 0], "CineRate": 25}, 40, "CineRate", "FrameTimeVector is 0 for all frames"),
        ({"FrameTimeVector": [40, 40], "CineRate": 25}, 40, "CineRate", "2 numbers for 3 frames"),
        ({"FrameTimeVector": [0, 40, -40], "CineRate": 25}, 40, "CineRate", "negative step -40"),
        ({"FrameTime": 0, "CineRate": 25}, 40, "CineRate", "FrameTime is 0"),
        ({"FrameTime": None, "CineRate": 25}, 40, "CineRate", ""),
        ({"FrameTime": "", "CineRate": 25}, 40, "CineRate", "FrameTime is empty"),
        ({"FrameTime": -5, "CineRate": 25}, 40, "CineRate", "FrameTime is -5"),
        ({"FrameTime": 0}, np.nan, "nowhere", "FrameTime is 0"),
        # What disagrees is told.
        ({"FrameTime": 40, "CineRate": 100}, 40, "FrameTime", "CineRate says 10 ms"),
        ({"FrameTime": 33.3, "CineRate": 30, "RecommendedDisplayFrameRate": 5}, 33.3, "FrameTime", ""),
        ({"FrameTime": 0.04}, 0.04, "FrameTime", "25000 frames per second"),
        ({"RecommendedDisplayFrameRate": 25}, 40, "RecommendedDisplayFrameRate", "for showing the images"),
        ({"ActualFrameDuration": 40}, 40, "ActualFrameDuration", ""),
        ({}, np.nan, "nowhere", ""),
    ],
)
def test_three_frames(values: dict[str, Any], times: float | None, source: str, told: str) -> None:
    found = frame_times(attributes(**values), 3)
    steps = np.full(3, np.nan) if times is not None and np.isnan(times) else np.arange(3) * (times or 0) / 1000
    expected = [0, 0.041, 0.08] if times is None else steps
    np.testing.assert_allclose(found.seconds, expected)
    assert found.source.startswith(source)
    texts = " | ".join(str(remark) for remark in found.remarks)
    assert told in texts
    assert bool(texts) == bool(told)


def test_a_vector_of_times_is_not_summed_up() -> None:
    found = frame_times(attributes(FrameTimeVector=[0, 40, 80, 120, 160]), 5)
    np.testing.assert_allclose(found.seconds, [0, 0.04, 0.08, 0.12, 0.16])
    assert "grows evenly" in str(found.remarks)


def test_a_single_frame_needs_no_time() -> None:
    assert frame_times(attributes(FrameTime=0), 1).seconds.tolist() == [0]
