"""Dice and its interval, against scipy's and hand-made values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.metrics import (
    class_ml,
    compare_paired,
    dice_per_class,
    mean_over_cases,
    mean_over_classes,
    no_interval,
    paired_by_case,
)


def test_dice_by_hand() -> None:
    truth = np.array([0, 1, 1, 1, 2])
    guess = np.array([0, 1, 1, 0, 3])
    scores = dice_per_class(guess, truth, range(5))
    assert scores == {0: pytest.approx(2 / 3), 1: pytest.approx(0.8), 2: 0.0, 3: 0.0, 4: None}
    assert mean_over_classes(scores) == pytest.approx(0.8 / 3)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_dice_is_scipys(seed: int) -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    one, two = np.random.default_rng(seed).integers(0, 3, (2, 4, 5, 6))
    expected = {k: pytest.approx(1.0 - distance.dice((one == k).ravel(), (two == k).ravel())) for k in range(3)}
    assert dice_per_class(two, one, range(3)) == expected


def test_absent_classes_do_not_count() -> None:
    assert mean_over_classes({0: 1.0, 1: None}) is None
    assert mean_over_cases([{1: 0.5, 2: None}, {1: 0.7, 2: None}]) == {1: pytest.approx(0.6), 2: None}


def test_other_shape_is_one_line() -> None:
    with pytest.raises(GeometryError, match="compared with labels of shape"):
        dice_per_class(np.zeros((2, 2)), np.zeros((2, 3)), [0])


def test_interval_is_a_point_when_every_case_keeps_the_same_share() -> None:
    reference = np.linspace(0.5, 0.9, 12)
    found = compare_paired(0.99 * reference, reference)
    assert found.ratio == pytest.approx(0.99)
    assert found.ratio_ci95 == (pytest.approx(0.99), pytest.approx(0.99))
    assert found.difference == pytest.approx(-0.01 * reference.mean())


def test_interval_has_the_width_that_theory_gives() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, 400)
    found = compare_paired(1.0 + noise, np.ones(400))
    assert found.ratio_ci95 is not None
    for low, high in (found.ratio_ci95, found.difference_ci95):
        assert high - low == pytest.approx(2 * 1.96 * 0.02 / 20, rel=0.15)


def test_interval_is_scipys_paired_bootstrap() -> None:
    stats = pytest.importorskip("scipy.stats")
    draw = np.random.default_rng(2)
    reference = draw.uniform(0.7, 0.95, 40)
    ours = reference + draw.normal(-0.004, 0.01, 40)
    found = compare_paired(ours, reference)
    for statistic, (low, high) in (
        (lambda a, b: a.mean() - b.mean(), found.difference_ci95),
        (lambda a, b: a.mean() / b.mean(), found.ratio_ci95 or (0, 0)),
    ):
        theirs = stats.bootstrap(
            (ours, reference), statistic, paired=True, vectorized=False, n_resamples=2000, method="percentile",
            random_state=1,
        ).confidence_interval  # fmt: skip
        assert (low, high) == (pytest.approx(theirs.low, abs=5e-4), pytest.approx(theirs.high, abs=5e-4))


def test_pairing_makes_the_interval_narrow() -> None:
    reference = np.random.default_rng(3).uniform(0.5, 1.0, 30)
    low, high = compare_paired(reference - 0.01, reference).difference_ci95
    assert high - low < 1e-9


def test_levels_tell_the_ratio_from_its_interval() -> None:
    reference = np.full(20, 0.9)
    ours = reference * np.where(np.arange(20) % 2, 0.985, 0.996)
    assert compare_paired(ours, reference).levels() == {
        "0.99": {"kept": True, "surely": False},
        "0.999": {"kept": False, "surely": False},
    }
    assert compare_paired([0.2, 0.1], [0.0, 0.0]).levels() == {}


@pytest.mark.parametrize("cases", range(1, 6))
def test_few_cases_give_means_and_no_interval(cases: int) -> None:
    found = compare_paired([0.9] * cases, [0.9] * cases)
    assert (found.ours, found.ratio) == (pytest.approx(0.9), 1.0)
    assert found.ratio_ci95 is None
    assert found.difference_ci95 is None
    assert found.levels()["0.99"] == {"kept": True, "surely": None}
    assert f"from {cases} case" in (no_interval(cases) or "")


def test_six_cases_give_an_interval() -> None:
    assert compare_paired([0.9] * 6, [0.9] * 6).ratio_ci95 == (1.0, 1.0)
    assert no_interval(6) is None


def test_seeing_what_is_not_there_costs_beside_a_network_that_saw_nothing() -> None:
    ours, reference = {"a": {1: 0.9, 2: 0.0}, "b": {1: 0.0}}, {"a": {1: 0.9, 2: None}, "b": {1: None}}
    assert paired_by_case(ours, reference, absent=1.0) == ([0.45, 0.0], [0.95, 1.0])
    assert paired_by_case(reference, ours, absent=1.0) == ([0.95, 1.0], [0.45, 0.0])
    assert paired_by_case(ours, reference, absent=None) == ([0.9], [0.9])
    assert paired_by_case({"a": {1: None}}, {"a": {1: None}}, absent=1.0) == ([], [])


def test_other_cases_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same cases"):
        compare_paired([0.9], [0.9, 0.8])
    with pytest.raises(ValueError, match="same cases"):
        compare_paired([], [])


def test_class_ml_counts_voxels() -> None:
    mask = np.array([0, 1, 1, 2], np.uint8)
    assert class_ml(mask, 0.5, {0: "background", 1: "vessel", 2: "cyst", 3: "lesion"}) == {
        "vessel": 1.0, "cyst": 0.5, "lesion": 0.0
    }  # fmt: skip
