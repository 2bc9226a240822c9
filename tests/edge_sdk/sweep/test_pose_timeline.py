"""Live poses at the moments of frames: as scipy's SLERP says, with bounded waiting."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from edge_sdk.sweep.feeds.items import NamedPose
from edge_sdk.sweep.pose_timeline import PoseTimeline

NAME = "ProbeToTracker"


def turned(degrees: float, x: float = 0.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("zyx", [degrees, degrees / 3, 0], degrees=True).as_matrix()
    matrix[0, 3] = x
    return matrix


def pose(moment: float, degrees: float = 0.0, x: float = 0.0, status: str = "OK") -> NamedPose:
    matrix = turned(degrees, x) if status == "OK" else np.full((4, 4), np.nan)
    return NamedPose(NAME, matrix, status, moment)


@given(fraction=st.floats(0.01, 0.99), first=st.floats(-80, 80), second=st.floats(-80, 80))
def test_rotation_is_scipys_slerp_and_translation_linear(fraction: float, first: float, second: float) -> None:
    timeline = PoseTimeline()
    for each in (pose(5.0, first, 10.0), pose(5.1, second, 20.0)):
        timeline.add(each)
    found = timeline.at(NAME, 5.0 + 0.1 * fraction)
    ends = Rotation.from_matrix([turned(first)[:3, :3], turned(second)[:3, :3]])
    expected = Slerp([0, 1], ends)(fraction).as_matrix()
    assert found.status == ("OK",)
    assert found.matrices[0, :3, :3] == pytest.approx(expected, abs=1e-7)
    assert found.matrices[0, 0, 3] == pytest.approx(10 + 10 * fraction, abs=1e-6)


def test_nothing_is_extrapolated_and_long_gaps_are_not_bridged() -> None:
    timeline = PoseTimeline(max_gap=0.25)
    for moment in (1.0, 1.1, 1.5, 1.6):
        timeline.add(pose(moment, x=moment))
    assert timeline.at(NAME, 1.05).matrices[0, 0, 3] == pytest.approx(1.05)
    for moment in (0.9, 1.3, 1.7, 9.0):
        assert timeline.at(NAME, moment).status == ("MISSING",), moment
    assert timeline.at("StylusToTracker", 1.05).status == ("MISSING",)


def test_the_sensors_own_word_says_why() -> None:
    timeline = PoseTimeline()
    timeline.add(pose(1.0))
    for moment in (1.1, 1.2, 1.3, 1.4):
        timeline.add(pose(moment, status="OUT_OF_VOLUME"))
    timeline.add(pose(1.5))
    assert timeline.at(NAME, 1.25).status == ("OUT_OF_VOLUME",)


def test_a_short_dropout_is_bridged() -> None:
    timeline = PoseTimeline()
    for each in (pose(1.0, x=0.0), pose(1.05, status="MISSING"), pose(1.1, x=10.0)):
        timeline.add(each)
    assert timeline.at(NAME, 1.05).matrices[0, 0, 3] == pytest.approx(5.0)


def test_waiting_ends_with_the_pose_or_with_the_time() -> None:
    timeline = PoseTimeline()
    start = time.monotonic()
    assert not timeline.wait_for([NAME], 1.0, 0.05)
    assert 0.04 <= time.monotonic() - start < 2.0
    timer = threading.Timer(0.05, timeline.add, [pose(1.0)])
    timer.start()
    assert timeline.wait_for([NAME], 1.0, 10.0)
    assert time.monotonic() - start < 5.0
    assert not timeline.wait_for([NAME, "ReferenceToTracker"], 1.0, 0.0)
    assert timeline.wait_for([NAME], -np.inf, 0.0)
    assert not timeline.wait_for(["ReferenceToTracker"], -np.inf, 0.0)


def test_only_the_last_seconds_are_kept() -> None:
    timeline = PoseTimeline(kept_s=1.0)
    for step in range(1000):
        timeline.add(pose(step / 100))
    assert len(timeline._poses[NAME]) <= 101
    assert timeline.at(NAME, 9.5).status == ("OK",)


def test_a_clock_that_went_back_starts_anew() -> None:
    timeline = PoseTimeline(kept_s=1.0)
    for moment in (100.0, 100.1, 3.0, 3.1):
        timeline.add(pose(moment, x=moment))
    assert timeline.at(NAME, 3.05).matrices[0, 0, 3] == pytest.approx(3.05)
    assert timeline.at(NAME, 100.05).status == ("MISSING",)
