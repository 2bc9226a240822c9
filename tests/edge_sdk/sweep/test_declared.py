"""Declared sweeps against geometry worked out by hand, and SciPy's rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from edge_sdk.errors import PoseError
from edge_sdk.sweep.declared import fan_sweep, linear_sweep
from edge_sdk.sweep.sweep import Sweep


def sweep(times: list[float]) -> Sweep:
    return Sweep(np.zeros((len(times), 4, 5), np.uint8), np.array(times))


def poses(made: Sweep) -> np.ndarray:
    assert made.transforms["ProbeToReference"].status == ("OK",) * len(made)
    return made.transforms["ProbeToReference"].matrices


def test_linear_by_speed_follows_irregular_time_stamps():
    made = linear_sweep(sweep([10.0, 10.1, 10.4]), speed=5)
    np.testing.assert_allclose(poses(made)[:, :3, 3], [[0, 0, 0], [0, 0, 0.5], [0, 0, 2]], atol=1e-12)
    np.testing.assert_array_equal(poses(made)[:, :3, :3], np.tile(np.eye(3), (3, 1, 1)))
    assert made.provenance.poses_declared == "linear, 5 mm/s along z of the probe"


@pytest.mark.parametrize(
    ("direction", "last"),
    [("x", (2, 0, 0)), ("-y", (0, -2, 0)), ("+z", (0, 0, 2)), ((3.0, 0.0, 4.0), (1.2, 0, 1.6))],
)
def test_linear_by_step_needs_no_times(direction, last):
    made = linear_sweep(sweep([np.nan] * 5), step=0.5, direction=direction)
    np.testing.assert_allclose(poses(made)[-1, :3, 3], last, atol=1e-12)


@pytest.mark.parametrize("radius", [0.0, 20.0])
def test_a_fan_about_x_tilts_around_the_axis(radius):
    made = fan_sweep(sweep([0.0, 1.0, 2.0]), rate=30, radius=radius)
    turns = Rotation.from_euler("x", [[-30], [0], [30]], degrees=True)
    np.testing.assert_allclose(poses(made)[:, :3, :3], turns.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(poses(made)[:, :3, 3], turns.apply([0, radius, 0]), atol=1e-12)
    # The point of the probe that lies on the axis stands still.
    axis = poses(made) @ [7, -radius, 0, 1]
    np.testing.assert_allclose(axis[:, :3], np.tile([7, 0, 0], (3, 1)), atol=1e-12)


def test_a_fan_about_y_turns_around_the_beam():
    made = fan_sweep(sweep([0.0, 0.1, 0.2, 0.3]), step=-2, axis="y")
    turns = Rotation.from_euler("y", [[3], [1], [-1], [-3]], degrees=True)
    np.testing.assert_allclose(poses(made)[:, :3, :3], turns.as_matrix(), atol=1e-12)
    np.testing.assert_array_equal(poses(made)[:, :3, 3], 0)
    assert made.provenance.poses_declared == "fan, -2 °/frame about y of the probe"


def test_the_recording_keeps_everything_else():
    before = sweep([0.0, 1.0])
    made = linear_sweep(before, speed=1)
    assert made.images is before.images
    assert before.transforms == {}
    assert before.provenance.poses_declared is None


@pytest.mark.parametrize(
    ("function", "times", "values", "words"),
    [
        (linear_sweep, [0, 1], {}, "0 of speed and step"),
        (linear_sweep, [0, 1], {"speed": 1, "step": 1}, "2 of speed and step"),
        (linear_sweep, [0, 1], {"speed": 0}, "speed is 0"),
        (linear_sweep, [0, 1], {"speed": np.inf}, "speed is inf"),
        (linear_sweep, [0, np.nan], {"speed": 1}, "no time stamps.*step"),
        (linear_sweep, [3, 3], {"speed": 1}, "no time stamps"),
        (linear_sweep, [], {"speed": 1}, "0 frames"),
        (linear_sweep, [0, 1], {"speed": 1, "direction": "w"}, "direction is 'w'"),
        (linear_sweep, [0, 1], {"speed": 1, "direction": (0, 0, 0)}, "direction"),
        (fan_sweep, [0, 1], {"rate": 1, "axis": "z"}, "axis is 'z'"),
        (fan_sweep, [0, 1], {"rate": 1, "axis": "y", "radius": 3.0}, "radius"),
        (fan_sweep, [0, 1], {"rate": 1, "step": 2}, "2 of rate and step"),
    ],
)
def test_what_cannot_be_declared(function, times, values, words):
    with pytest.raises(PoseError, match=words):
        function(sweep(times), **values)
