"""Signals of image motion against motions put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from edge_sdk.sweep.image_motion import change_rate, line_depth, rates, shift_rate, usable_frames
from tests.edge_sdk.sweep.moving_probe import (
    MM_PER_PIXEL,
    SIZE,
    along,
    hand_motion,
    line_video,
    speckle_video,
    stamps,
    video,
)

TIMES = stamps(20, 4)
ALL = np.arange(len(TIMES))


@pytest.mark.parametrize("slope", [-0.4, 0.0, 0.3])
def test_the_line_is_where_it_was_drawn(slope) -> None:
    path = along((0, 1, 0), hand_motion(1))
    found = line_depth(line_video(path, TIMES, slope=slope), ALL)
    assert found is not None
    drawn = 32 - path(TIMES)[:, 1] / MM_PER_PIXEL - slope / 2  # the middle is half a pixel left of SIZE / 2
    assert found.times.tolist() == TIMES.tolist()
    assert np.abs(found.values[:, 0] - drawn).max() < 0.3


def test_stray_echoes_and_dark_scan_lines_do_not_move_the_line() -> None:
    path = along((0, 1, 0), hand_motion(1))
    clean = line_video(path, TIMES, noise=0)
    images = clean.images.copy()
    images[:, :, 50:] = 0
    images[:, 3:6, ::9] = 255
    found, whole = line_depth(replace(clean, images=images), ALL), line_depth(clean, ALL)
    assert found is not None
    assert whole is not None
    assert np.abs(found.values - whole.values).max() < 1.0


@pytest.mark.parametrize("images", ["speckle", "black", "flat"])
def test_no_line(images) -> None:
    made = {
        "speckle": speckle_video(hand_motion(1), TIMES).images,
        "black": np.zeros((len(TIMES), *SIZE)),
        "flat": np.full((len(TIMES), *SIZE), 90),
    }
    assert line_depth(video(made[images], TIMES), ALL) is None


@pytest.mark.parametrize("axis", [0, 1])
def test_shift_of_fractions_of_a_pixel(axis) -> None:
    texture = gaussian_filter(np.random.default_rng(3).normal(size=(128, 144)), 2)
    places = 16 * np.sin(0.17 * np.arange(40))
    directions = np.eye(2)[axis]
    images = [100 + 400 * shift(texture, place * directions, order=5)[32:96, 32:112] for place in places]
    times = np.cumsum(np.resize([0.1, 0.2, 0.1], 40))
    found = shift_rate(video(np.array(images), times), np.arange(40))
    errors = found.values[:, 1 - axis] * np.diff(times) - np.diff(places)
    assert np.abs(errors).max() < 0.5
    assert np.median(np.abs(errors)) < 0.15
    assert found.times == pytest.approx((times[1:] + times[:-1]) / 2)
    assert found.weights == pytest.approx(np.diff(times))


def test_what_stands_still_does_not_hold_the_shift() -> None:
    path = along((1, 0, 0), hand_motion(2))
    clean = speckle_video(path, TIMES)
    images = clean.images.copy()
    images[:, :, :3] = 255
    images[:, 20:24, 30:60] = 255
    found = shift_rate(replace(clean, images=images), ALL)
    expected = -np.diff(path(TIMES)[:, 0]) / MM_PER_PIXEL / np.diff(TIMES)
    assert np.corrcoef(found.values[:, 0], expected)[0, 1] > 0.98
    assert np.median(np.abs(found.values[:, 0] - expected)) < 5  # pixels a second, of up to 50


def test_color_is_taken_as_gray() -> None:
    sweep = speckle_video(hand_motion(2), TIMES)
    color = replace(sweep, images=np.repeat(sweep.images[..., None], 3, axis=3))
    assert shift_rate(color, ALL).values == pytest.approx(shift_rate(sweep, ALL).values, abs=1e-3)
    assert change_rate(color, ALL).values == pytest.approx(change_rate(sweep, ALL).values, abs=1e-3)


def test_change_follows_speed_out_of_the_plane() -> None:
    path = along((0, 0, 1), lambda times: 1.5 * np.sin(2 * np.pi * 0.5 * np.asarray(times)[:, None]))
    found = change_rate(speckle_video(path, TIMES, noise=1), ALL)
    speed = np.abs(np.cos(2 * np.pi * 0.5 * found.times))
    assert np.corrcoef(found.values[:, 0], speed)[0, 1] > 0.9
    still = video(np.repeat(speckle_video(path, TIMES[:1]).images, 5, 0), TIMES[:5])
    assert change_rate(still, np.arange(5)).values == pytest.approx(0, abs=1e-3)


def test_change_at_a_high_rate_looks_further_back() -> None:
    times = np.arange(50) / 100
    found = change_rate(speckle_video(hand_motion(1), times), np.arange(50))
    assert found.times[0] == pytest.approx(0.04)
    assert found.weights == pytest.approx(0.08)


def test_rates() -> None:
    found = rates(np.array([0.0, 1.0, 3.0]), np.array([[2.0], [2.0]]))
    assert found.values[:, 0].tolist() == [2, 1]
    assert found.times.tolist() == [0.5, 2]


def test_usable_frames_are_in_order_of_time_with_the_first_of_duplicates() -> None:
    sweep = video(np.zeros((6, *SIZE)), np.array([2.0, 1.0, np.nan, 1.0, 3.0, 0.0]))
    assert usable_frames(sweep).tolist() == [5, 1, 0, 4]
    sweep = replace(sweep, image_status=("OK", "INVALID", "OK", "OK", "OK", "OK"))
    assert usable_frames(sweep).tolist() == [5, 3, 0, 4]
