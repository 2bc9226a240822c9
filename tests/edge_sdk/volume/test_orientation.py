"""Orientations, against nibabel."""

from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.orientation import (
    AxisOrder,
    axis_order,
    orientation_of,
    tilt_degrees,
    tracker_order,
    tracker_spacing,
)

LETTERS = ("RL", "AP", "SI")
ALL = ["".join(letters) for order in permutations(LETTERS) for letters in product(*order)]
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (3, 4, 5)
VOXELS = np.arange(60).reshape(SHAPE)


def grid_with(direction: np.ndarray) -> Grid:
    return Grid(SHAPE, (0.5, 0.75, 2.0), (3.0, -7.0, 11.0), direction)


def direction_of(letters: str) -> np.ndarray:
    """LPS directions of axes that lie as the letters say."""
    world = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    return np.array([world[letter] for letter in letters], float).T


def nibabels(grid: Grid, wanted: str) -> nibabel.Nifti1Image:
    """nibabel's own reorientation of VOXELS on a grid."""
    image = nibabel.Nifti1Image(VOXELS.T.astype(np.int32), LPS_TO_RAS @ grid.index_to_world)
    change = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(wanted)
    )
    return image.as_reoriented(change)


def agrees_with_nibabel(grid: Grid, wanted: str) -> None:
    order, expected = axis_order(grid.direction, wanted), nibabels(grid, wanted)
    np.testing.assert_array_equal(order.apply(VOXELS), np.asarray(expected.dataobj).T)
    np.testing.assert_allclose(LPS_TO_RAS @ order.grid(grid).index_to_world, expected.affine, atol=1e-9)
    assert order.grid(grid).shape == order.apply(VOXELS).shape
    np.testing.assert_array_equal(order.inverse.apply(order.apply(VOXELS)), VOXELS)


@pytest.mark.parametrize("stored", ALL)
def test_all_48_orders_become_what_nibabel_makes_of_them(stored: str) -> None:
    grid = grid_with(direction_of(stored))
    assert orientation_of(grid.direction) == stored
    for wanted in ("RAS", "LPS", "PIR", "SLA"):
        agrees_with_nibabel(grid, wanted)
    assert axis_order(grid.direction, stored).changes_nothing
    assert axis_order(grid.direction, None) == AxisOrder()


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), wanted=st.sampled_from(ALL), left_handed=st.booleans())
def test_oblique_left_handed_and_sheared_grids_too(seed: int, wanted: str, left_handed: bool) -> None:
    random = np.random.default_rng(seed)
    direction = np.linalg.qr(random.normal(size=(3, 3)))[0] + random.uniform(-0.05, 0.05, (3, 3))
    direction /= np.linalg.norm(direction, axis=0)
    if left_handed:
        direction[:, 0] *= -1
    agrees_with_nibabel(grid_with(direction), wanted)


@given(wanted=st.sampled_from(ALL), low=st.tuples(*[st.integers(0, 2)] * 3))
def test_boxes_hold_the_same_voxels(wanted: str, low: tuple[int, int, int]) -> None:
    order = tracker_order(wanted)
    box = Box.between(low, np.minimum(np.add(low, 2), SHAPE))
    moved = order.box(box, SHAPE)
    np.testing.assert_array_equal(order.apply(VOXELS)[moved.slices], order.apply(VOXELS[box.slices]))
    assert order.inverse.box(moved, order.sizes(SHAPE)) == box
    assert order.inverse.lattice(order.lattice(box)) == box


def test_leading_axes_stay() -> None:
    order = tracker_order("SAR")
    both = order.apply(np.stack([VOXELS, -VOXELS]))
    np.testing.assert_array_equal(both[0], order.apply(VOXELS))
    np.testing.assert_array_equal(both[1], -order.apply(VOXELS))


def test_a_reordered_array_is_a_view() -> None:
    voxels = VOXELS.copy()
    tracker_order("SAR").apply(voxels)[0, 0, 0] = -1
    assert (voxels == -1).sum() == 1


@pytest.mark.parametrize("degrees", [0.0, 12.0, 40.0, 50.0])
def test_the_tilt_is_the_angle_to_the_nearest_axis(degrees: float) -> None:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    direction = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    assert tilt_degrees(direction) == pytest.approx(min(degrees, 90 - degrees), abs=1e-5)


def test_the_spacing_of_a_trackers_volume_is_the_networks_in_its_own_axes() -> None:
    assert tracker_spacing((0.5, 0.8, 2.0), "SLA") == (0.8, 2.0, 0.5)  # L, P, S
    assert tracker_spacing((0.5, 0.8, 2.0), None) == (0.5, 0.8, 2.0)
