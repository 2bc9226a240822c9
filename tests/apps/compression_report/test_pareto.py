from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.compression_report.pareto import pareto_front

SMALL = st.integers(0, 5)


def test_only_what_nothing_beats_is_on_the_front() -> None:
    assert pareto_front([10, 20, 15, 30], [0.8, 0.9, 0.7, 0.95]) == [0, 1, 3]


def test_of_equal_points_the_first_is_kept_and_of_equally_fast_ones_the_better() -> None:
    assert pareto_front([10, 10, 10], [0.8, 0.9, 0.9]) == [1]


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=8))
def test_every_other_point_is_beaten_or_repeated(points: list[tuple[int, int]]) -> None:
    front = pareto_front([time for time, _ in points], [score for _, score in points])
    kept = [points[index] for index in front]
    assert all(any(time <= point[0] and score >= point[1] for time, score in kept) for point in points)
    assert kept == sorted(kept)
    assert [score for _, score in kept] == sorted({score for _, score in kept})
