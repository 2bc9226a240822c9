"""Shapes against their analytic volumes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.simulation.shapes import Cone, Ellipsoid, Plate, Shape, Spheres, covering, tube

TURN = np.asarray(cv2.Rodrigues(np.array([0.4, -0.9, 0.3]))[0])
STEP = 0.25
AXIS = np.arange(-9, 9, STEP)
POINTS = np.stack(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), axis=-1)


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (Ellipsoid(np.zeros(3), np.array([3.0, 5.0, 7.0]), TURN), 4 / 3 * np.pi * 105),
        (Plate(np.zeros(3), np.array([4.0, 1.0, 5.0]), TURN), 160.0),
        (Cone(np.array([-4.0, 1, 0]), np.array([3.0, 0, 2]), 3.0, 3.0), np.pi * 9 * np.sqrt(54) + 36 * np.pi),
        # A frustum between two half balls (the taper is so slight that the balls' caps are half balls).
        (
            Cone(np.array([0, -5.0, 0]), np.array([0, 5.0, 0]), 2.5, 2.0),
            np.pi / 3 * 10 * (2.5**2 + 2.5 * 2.0 + 2.0**2) + 2 / 3 * np.pi * (2.5**3 + 2.0**3),
        ),
    ],
)
def test_volume(shape: Shape, volume: float) -> None:
    assert np.isclose(shape.inside(POINTS).sum() * STEP**3, volume, rtol=0.02)


def test_spheres_cover_what_is_inside() -> None:
    line = np.array([[-6.0, 0, 0], [-5, 0.5, 0], [-4, 1.2, 0.3]])
    shapes: list[Shape] = [
        Ellipsoid(np.ones(3), np.array([2.0, 3.0, 4.0]), TURN),
        Plate(np.zeros(3), np.array([4.0, 1.0, 5.0]), TURN),
        *tube(line, np.array([2.0, 2.2, 2.4])),
    ]
    for shape in shapes:
        cover = shape.spheres()
        points = POINTS[shape.inside(POINTS)]
        away = np.linalg.norm(points[:, None] - cover.centers, axis=-1) - cover.radii
        assert away.min(axis=1).max() < 0.1
    assert len(covering(shapes).radii) == 1 + 1 + 4


def test_growing_a_tube_moves_its_surface() -> None:
    line = np.array([[0.0, 0, -5], [0, 0, 5]])
    wide, narrow = (tube(line, np.full(2, 3.0), grow=grow)[0] for grow in (0.5, 0.0))
    between = np.array([3.25, 0, 0])
    assert wide.inside(between)
    assert not narrow.inside(between)


@given(st.lists(st.floats(-20, 20), min_size=6, max_size=6), st.floats(0.1, 5), st.floats(0.1, 5))
def test_clearance_is_symmetric_and_shrinks_with_radius(places: list[float], a: float, b: float) -> None:
    first = Spheres(np.array([places[:3]]), np.array([a]))
    second = Spheres(np.array([places[3:]]), np.array([b]))
    gap = np.linalg.norm(np.subtract(places[:3], places[3:])) - a - b
    assert np.isclose(first.clearance(second), gap)
    assert np.isclose(second.clearance(first), gap)
