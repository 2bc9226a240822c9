"""What time stamps say, and what is said of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.sweep.interpolation import interpolate
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from edge_sdk.sweep.timing import examine_times
from edge_sdk.volume.reconstruct import reconstruct
from edge_sdk.volume.settings import ReconstructionSettings


def test_even_stamps() -> None:
    report = examine_times(64 + np.arange(65) / 32)
    assert (report.frames, report.missing, report.duplicates, report.decreasing) == (65, 0, 0, 0)
    assert report.rate_hz == pytest.approx(32)
    assert report.step_s == 1 / 32
    assert report.jitter_s == 0
    assert (report.first_s, report.duration_s, report.likely_unit) == (64, 2, "s")
    assert report.problems() == []


def test_every_kind_of_trouble_is_counted() -> None:
    report = examine_times([1.0, 1.1, 1.1, np.nan, 1.3, 1.2, 1.4, 1.3, np.inf])
    # Of the known 1.0 1.1 1.1 1.3 1.2 1.4 1.3, the second 1.1 and the second 1.3 repeat; 1.2 and the last 1.3 go back.
    assert (report.frames, report.missing, report.duplicates, report.decreasing) == (9, 2, 2, 2)
    assert report.rate_hz == pytest.approx(10)
    words = [problem.what for problem in report.problems()]
    assert [word.split(" of ")[0] for word in words[:2]] == ["2", "2"]
    assert "steps back 2 times" in words[2]


def test_jitter_is_the_standard_deviation_of_the_steps() -> None:
    steps = np.array([0.02, 0.05, 0.03, 0.06])
    report = examine_times(np.concatenate([[0], np.cumsum(steps)]))
    assert report.jitter_s == pytest.approx(np.std(steps))
    assert report.problems() == []
    assert "vary" in examine_times([0, 0.01, 0.02, 0.06, 0.07, 0.15]).problems()[0].what


def test_the_longest_gap_and_where_it_begins() -> None:
    report = examine_times([5.0, 5.1, 5.2, 7.2, 7.3])
    assert (report.longest_gap_s, report.gap_after_s) == (pytest.approx(2), pytest.approx(0.2))
    assert report.problems()[0].what == "no frames for 2.00 s after 0.20 s; 100 ms are usual"


@pytest.mark.parametrize(("factor", "unit"), [(1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")])
@pytest.mark.parametrize("rate", [2, 12, 60, 200])
def test_units(factor, unit, rate) -> None:
    report = examine_times(factor * np.arange(20) / rate)
    assert report.likely_unit == unit
    assert [problem.likely_cause for problem in report.problems()] == (
        [] if unit == "s" else [f"the time stamps are in {unit}, not in seconds"]
    )


@pytest.mark.parametrize(("stamps", "missing"), [([], 0), ([3.0], 0), ([np.nan, np.nan], 2), ([3.0, 3.0], 0)])
def test_too_few_for_a_rate(stamps, missing) -> None:
    report = examine_times(stamps)
    assert (report.rate_hz, report.jitter_s, report.longest_gap_s, report.duration_s) == (None, None, None, 0)
    assert report.missing == missing


@given(st.lists(st.one_of(st.integers(-50, 50).map(float), st.just(float("nan"))), max_size=30))
def test_against_counting_one_by_one(stamps) -> None:
    known = [stamp for stamp in stamps if not np.isnan(stamp)]
    report = examine_times(stamps)
    assert report.missing == len(stamps) - len(known)
    assert report.duplicates == sum(stamp in known[:index] for index, stamp in enumerate(known))
    assert report.decreasing == sum(b < a for a, b in pairwise(known))
    if len(set(known)) > 1:
        ordered = sorted(set(known))
        assert report.longest_gap_s == max(b - a for a, b in pairwise(ordered))
        assert report.duration_s == ordered[-1] - ordered[0]


def test_frames_are_inserted_in_the_files_order_whatever_their_stamps() -> None:
    """As the report's documentation says: of frames in one place, LATEST keeps the last in the file."""
    matrices = np.tile(np.eye(4), (3, 1, 1))
    images = np.repeat(np.array([10, 20, 30], np.uint8), 12).reshape(3, 3, 4)
    for stamps in ([3.0, 2.0, 1.0], [1.0, 1.0, 1.0], [np.nan, 2.0, np.nan]):
        sweep = Sweep(images, np.array(stamps), {"ImageToReference": TrackedTransform(matrices, ("OK",) * 3)})
        settings = ReconstructionSettings(spacing=(1.0, 1.0, 1.0), interpolation="nearest", compounding="latest")
        assert (reconstruct(sweep, settings=settings).voxels == 30).all()


def test_poses_joined_by_time_are_sorted_and_the_first_of_a_time_counts() -> None:
    """As the report's documentation says of such frames."""
    matrices = np.tile(np.eye(4), (4, 1, 1))
    matrices[:, 0, 3] = (2, 0, 1, 9)
    poses = interpolate(TrackedTransform(matrices, ("OK",) * 4), [2, 0, 1, 1], [0.5, 1.5, 1.5, 1.0], max_gap=1)
    assert poses.matrices[:, 0, 3].tolist() == [0.5, 1.5, 1.5, 1.0]
