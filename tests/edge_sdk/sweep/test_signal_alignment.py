"""The lag between two signals, its error and its peaks."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.sweep.image_motion import MotionSignal
from edge_sdk.sweep.signal_alignment import align
from edge_sdk.sweep.temporal_calibration import LEAST_CORRELATION, LEAST_SIGNIFICANCE
from tests.edge_sdk.sweep.moving_probe import hand_motion, stamps


def positions(times, values) -> MotionSignal:
    values = np.asarray(values, float)
    return MotionSignal(np.asarray(times), values.reshape(len(times), -1), np.ones(len(times)))


def pair(lag, seed=0, *, noise=0.0, rate=15.0, other_rate=40.0):
    path = hand_motion(seed)
    generator = np.random.default_rng(seed)
    times = stamps(rate, 12, seed=seed, jitter=0.1)
    others = stamps(other_rate, 14, seed=seed + 1, jitter=0.1, start=99)
    target = path(times)[:, :1] * -3 + 7 + generator.normal(0, noise, (len(times), 1))
    return positions(times, target), positions(others + lag, path(others)[:, :1])


@settings(max_examples=20)
@given(st.floats(-0.4, 0.4), st.integers(0, 100))
def test_the_lag_that_was_put_in(lag, seed) -> None:
    found = align(*pair(lag, seed), smoothing=1 / 15, max_lag=0.5)
    assert found is not None
    assert found.peaks[0][0] == pytest.approx(lag, abs=0.002)
    assert found.peaks[0][1] > 0.99
    assert found.error < 0.002


def test_the_standard_error_is_the_spread_of_the_lags() -> None:
    found = [align(*pair(0.1, seed, noise=4.0), smoothing=1 / 15, max_lag=0.5) for seed in range(40)]
    errors = np.array([alignment.peaks[0][0] - 0.1 for alignment in found])
    told = np.array([alignment.error for alignment in found])
    assert 0.6 < np.sqrt((errors**2).mean() / (told**2).mean()) < 1.6
    assert abs(errors.mean()) < 0.5 * errors.std()


def test_several_signals_are_combined() -> None:
    path = hand_motion(5)
    times, others = stamps(15, 12), stamps(40, 14, start=99)
    mixed = path(times) @ np.array([[1.0, 0.3], [2.0, -1.0], [-0.5, 0.7]])
    found = align(positions(times, mixed), positions(others + 0.15, path(others)), smoothing=0.07, max_lag=0.5)
    assert found is not None
    assert found.peaks[0] == (pytest.approx(0.15, abs=0.001), pytest.approx(1, abs=0.002))
    single = align(positions(times, mixed), positions(others + 0.15, path(others)[:, :1]), smoothing=0.07, max_lag=0.5)
    assert single is None or single.peaks[0][1] < 0.8


def test_a_target_that_tells_nothing_does_not_drown_the_other() -> None:
    target, others = pair(0.1)
    loud = np.random.default_rng(0).normal(0, 500, (len(target.times), 1))
    both = MotionSignal(target.times, np.hstack([target.values, loud]), target.weights)
    found = align(both, others, smoothing=1 / 15, max_lag=0.5)
    assert found is not None
    assert found.peaks[0][0] == pytest.approx(0.1, abs=0.005)
    assert found.peaks[0][1] > 0.9


def test_an_even_motion_tells_no_lag() -> None:
    times = np.arange(200) / 15
    noise = np.random.default_rng(0).normal(0, 0.01, 200)
    found = align(positions(times, 3 * times + noise), positions(times, times), smoothing=1 / 15, max_lag=0.5)
    assert found is None or found.error > 0.05


def test_peaks_of_an_evenly_repeated_motion_are_alike_and_the_one_nearest_0_comes_first() -> None:
    times = np.arange(400) / 20
    wave = np.sin(2 * np.pi * times / 0.6)
    found = align(positions(times, wave), positions(times + 0.25, wave), smoothing=0.05, max_lag=0.5)
    assert found is not None
    # Half a period off with the other sign is as good: 0.25 - 0.3.
    lags = [lag for lag, height in found.peaks if height > found.peaks[0][1] - 0.02]
    assert found.peaks[0][0] == pytest.approx(-0.05, abs=0.003)
    assert sorted(lags) == pytest.approx([-0.35, -0.05, 0.25], abs=0.01)


def test_unrelated_signals_do_not_reach_the_least_correlation_and_significance() -> None:
    times = stamps(15, 15)
    found = [
        align(
            positions(times, hand_motion(seed)(times)[:, :1]),
            positions(times, hand_motion(seed + 100)(times)[:, :1]),
            smoothing=1 / 15,
            max_lag=0.3,
        )
        for seed in range(60)
    ]
    assert not any(
        alignment.significance >= LEAST_SIGNIFICANCE and alignment.peaks[0][1] >= LEAST_CORRELATION
        for alignment in found
        if alignment
    )


def test_gaps_are_not_bridged() -> None:
    target, others = pair(0.1)
    keep = (others.times < 104) | (others.times > 106)
    holed = MotionSignal(others.times[keep], others.values[keep], others.weights[keep])
    found = align(target, holed, smoothing=1 / 15, max_lag=0.3)
    assert found is not None
    assert found.peaks[0][0] == pytest.approx(0.1, abs=0.002)
    inside = (found.times > 104.1) & (found.times < 105.7)
    assert np.isnan(found.fitted[inside]).all()
    assert np.isfinite(found.target[inside]).all()


def test_constant_or_too_short_signals_are_not_aligned() -> None:
    target, others = pair(0.1)
    still = MotionSignal(target.times, np.ones_like(target.values), target.weights)
    assert align(still, others, smoothing=1 / 15, max_lag=0.3) is None
    assert (
        align(
            target, MotionSignal(others.times, np.ones_like(others.values), others.weights), smoothing=0.07, max_lag=0.3
        )
        is None
    )
    few = MotionSignal(others.times[:20], others.values[:20], others.weights[:20])
    assert align(target, few, smoothing=1 / 15, max_lag=0.3) is None


def test_the_signals_returned_fit_at_the_lag_and_not_at_zero() -> None:
    found = align(*pair(0.2), smoothing=1 / 15, max_lag=0.5)
    assert found is not None

    def apart(values) -> float:
        return float(np.nanstd(values - found.target) / np.nanstd(found.target))

    assert apart(found.fitted) < 0.03
    assert apart(found.unaligned) > 0.3


def test_ten_minutes_at_30_images_a_second_take_less_than_300_mb() -> None:
    times = np.arange(600 * 30) / 30
    walk = np.cumsum(np.random.default_rng(0).normal(size=(len(times), 6)), 0)
    target, others = positions(times, walk[:, :2]), positions(times + 0.05, walk)
    tracemalloc.start()
    try:
        found = align(target, others, smoothing=1 / 30, max_lag=0.1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found is not None
    assert found.peaks[0][0] == pytest.approx(0.05, abs=0.001)
    assert peak < 300e6
