"""The probe's path in few points, however long it gets."""

from __future__ import annotations

import numpy as np
import pytest

from apps.stream.work.probe_path import MOST, ProbePath


def at(z: float) -> np.ndarray:
    pose = np.diag([0.5, 0.5, 1.0, 1.0])
    pose[2, 3] = z
    return pose


def test_small_steps_add_no_points() -> None:
    path = ProbePath((10.0, 2.0))
    assert path.points().shape == (0, 3)
    for z in (0.0, 0.3, 0.6, 0.7, 1.2):
        path.add(at(z))
    assert path.points() == pytest.approx(np.array([[5, 1, 0], [5, 1, 0.6], [5, 1, 1.2]]))


def test_the_number_of_points_is_bounded() -> None:
    path = ProbePath((0.0, 0.0))
    for z in range(20_000):
        path.add(at(float(z)))
    points = path.points()
    assert MOST / 4 < len(points) < MOST
    assert points[0, 2] == 0
    assert points[-1, 2] > 19_900
