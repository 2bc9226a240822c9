"""Frames and poses whose clocks have different units."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.sweep.clocks import joining_remarks, unit_mismatch

SECONDS = np.arange(40) * 0.05


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")])
def test_the_clock_that_lasts_a_thousand_times_longer_is_named(factor: float, unit: str) -> None:
    assert (
        unit_mismatch(SECONDS, SECONDS * factor + 7e9) == f"the time stamps of the poses are in {unit}, not in seconds"
    )
    assert unit_mismatch(SECONDS * factor, SECONDS).startswith(f"the time stamps of the frames are in {unit}")


@pytest.mark.parametrize("poses", [SECONDS, SECONDS * 3, SECONDS * 60, np.array([1.0]), np.full(40, np.nan)])
def test_nothing_is_said_of_one_unit(poses: np.ndarray) -> None:
    assert unit_mismatch(SECONDS, poses) == ""


def test_many_frames_without_a_pose_are_a_remark_and_few_are_none() -> None:
    few, many = [("MISSING",) * 5 + ("OK",) * 35], [("MISSING",) * 39 + ("OK",)]
    assert joining_remarks(SECONDS, SECONDS, few, 0.25) == ()
    [remark] = joining_remarks(SECONDS, SECONDS * 1000, many, 0.25)
    assert "39 of 40 frames" in remark.what
    assert "milliseconds" in remark.likely_cause
    # A large --max-gap bridges poses in milliseconds and so gives every frame the first pose.
    [remark] = joining_remarks(SECONDS, SECONDS * 1000, [("OK",) * 40], 1000)
    assert "milliseconds" in remark.likely_cause
