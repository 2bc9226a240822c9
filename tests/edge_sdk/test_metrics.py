"""Dice and its interval, against scipy's and hand-made values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.metrics import class_ml, dice_per_class, mean_dice, mean_over_cases, ratio_interval


def test_dice_by_hand() -> None:
    truth = np.array([0, 1, 1, 1, 2])
    guess = np.array([0, 1, 1, 0, 3])
    scores = dice_per_class(guess, truth, range(5))
    assert scores == {0: pytest.approx(2 / 3), 1: pytest.approx(0.8), 2: 0.0, 3: 0.0, 4: None}
    assert mean_dice(scores) == pytest.approx(0.8 / 3)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_dice_is_scipys(seed: int) -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    one, two = np.random.default_rng(seed).integers(0, 3, (2, 4, 5, 6))
    expected = {k: pytest.approx(1.0 - distance.dice((one == k).ravel(), (two == k).ravel())) for k in range(3)}
    assert dice_per_class(two, one, range(3)) == expected


def test_absent_classes_do_not_count() -> None:
    assert mean_dice({0: 1.0, 1: None}) is None
    assert mean_over_cases([{1: 0.5, 2: None}, {1: 0.7, 2: None}]) == {1: pytest.approx(0.6), 2: None}


def test_other_shape_is_one_line() -> None:
    with pytest.raises(GeometryError, match="compared with labels of shape"):
        dice_per_class(np.zeros((2, 2)), np.zeros((2, 3)), [0])


def test_interval_is_a_point_when_every_case_keeps_the_same_share() -> None:
    reference = np.linspace(0.5, 0.9, 12)
    ratio, (low, high) = ratio_interval(0.99 * reference, reference)
    assert ratio == pytest.approx(0.99)
    assert (low, high) == (pytest.approx(0.99), pytest.approx(0.99))


def test_interval_has_the_width_that_theory_gives() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, 400)
    _, (low, high) = ratio_interval(1.0 + noise, np.ones(400))
    assert high - low == pytest.approx(2 * 1.96 * 0.02 / 20, rel=0.15)


def test_class_ml_counts_voxels() -> None:
    mask = np.array([0, 1, 1, 2], np.uint8)
    assert class_ml(mask, 0.5, {0: "background", 1: "vessel", 2: "cyst", 3: "lesion"}) == {
        "vessel": 1.0, "cyst": 0.5, "lesion": 0.0
    }  # fmt: skip
