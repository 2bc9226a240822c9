"""The probe's path from tracked transforms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from edge_sdk.errors import PoseError
from edge_sdk.sweep.probe_motion import probe_motion
from edge_sdk.sweep.sweep import Sweep, TrackedTransform
from tests.edge_sdk.sweep.moving_probe import TRACKER, along, hand_motion, poses, stamps

TIMES = stamps(30, 5)


def recording(**matrices) -> Sweep:
    transforms = {
        name: TrackedTransform(np.asarray(values), ("OK",) * len(values)) for name, values in matrices.items()
    }
    return Sweep(np.zeros((len(TIMES), 0, 0), np.uint8), TIMES, transforms, image_status=("INVALID",) * len(TIMES))


def moving(scale: float = 1.0) -> np.ndarray:
    return poses(lambda times: scale * hand_motion(3)(times), TIMES, lag=0).transforms["ProbeToTracker"].matrices


def test_position_is_along_the_axis_of_the_largest_motion() -> None:
    path = along((1, 2, -2), hand_motion(4))
    motion = probe_motion(poses(path, TIMES, lag=0.5))
    way = path(TIMES) @ np.array([1, 2, -2]) / 3
    found = motion.position().values[:, 0]
    assert np.abs(found) == pytest.approx(np.abs(way - way.mean()), abs=1e-9)
    assert motion.travel_mm == pytest.approx(np.ptp(way))
    assert motion.times == pytest.approx(TIMES + 0.5)


def test_velocity_is_seen_from_the_probe() -> None:
    """A probe that moves along its own y and turns about its own z, however the tracker stands."""
    turns = Rotation.from_matrix(TRACKER) * Rotation.from_rotvec(np.outer(TIMES - TIMES[0], (0, 0, 0.2)))
    matrices = np.tile(np.eye(4), (len(TIMES), 1, 1))
    matrices[:, :3, :3] = turns.as_matrix()
    steps = turns[:-1].apply(np.outer(np.diff(TIMES), (0, 5, 0)))
    matrices[1:, :3, 3] = np.cumsum(steps, axis=0)
    motion = probe_motion(recording(ProbeToTracker=matrices))
    expected = np.tile((0, 5, 0, 0, 0, 0.2), (len(TIMES) - 1, 1))
    assert motion.velocity().values == pytest.approx(expected, abs=1e-4)
    assert motion.speed().values == pytest.approx(5)


def test_the_reference_is_followed_where_there_is_one() -> None:
    matrices = moving()
    shaking = np.tile(np.eye(4), (len(TIMES), 1, 1))
    shaking[:, :3, :3] = Rotation.from_rotvec(np.outer(np.sin(TIMES), (0.1, 0.2, 0))).as_matrix()
    shaking[:, 0, 3] = 30 * np.sin(3 * TIMES)
    motion = probe_motion(recording(ProbeToTracker=shaking @ matrices, ReferenceToTracker=shaking))
    assert motion.transform == "ProbeToReference"
    assert motion.matrices == pytest.approx(matrices)


@pytest.mark.parametrize(
    ("names", "given", "followed"),
    [
        (("ProbeToTracker",), None, "ProbeToTracker"),
        (("ProbeToStepper", "TemplateToStepper"), None, "ProbeToStepper"),
        (("StylusToTracker",), None, "StylusToTracker"),
        (("ProbeToTracker", "StylusToTracker"), "StylusToTracker", "StylusToTracker"),
        (("ProbeToTracker", "StylusToTracker"), "StylusToProbe", "StylusToProbe"),
    ],
)
def test_which_transform(names, given, followed) -> None:
    shaken = {name: moving(1 + index) for index, name in enumerate(names)}
    assert probe_motion(recording(**shaken), given).transform == followed


def test_frames_that_are_not_ok_and_repeated_times_are_left_out() -> None:
    sweep = poses(hand_motion(3), TIMES, lag=0)
    status = ["OK"] * len(TIMES)
    status[3] = "OUT_OF_VIEW"
    sweep.timestamps[10] = sweep.timestamps[11] = sweep.timestamps[9]
    sweep.timestamps[20] = np.nan
    transform = TrackedTransform(sweep.transforms["ProbeToTracker"].matrices, tuple(status))
    motion = probe_motion(Sweep(sweep.images, sweep.timestamps, {"ProbeToTracker": transform}))
    assert len(motion.times) == len(TIMES) - 4
    assert (np.diff(motion.times) > 0).all()


@pytest.mark.parametrize(
    ("sweep", "transform", "says"),
    [
        (recording(), None, "has no poses"),
        (recording(AToB=moving(), CToD=moving()), None, "which of its transforms.*AToB, CToD"),
        (recording(ProbeToTracker=moving(0.01)), None, "moves by only 0.0"),
        (recording(ProbeToTracker=moving()), "ProbeToMoon", "cannot resolve ProbeToMoon"),
        (recording(ProbeToTracker=moving()), "nonsense", "not of the form"),
    ],
)
def test_refused(sweep, transform, says) -> None:
    with pytest.raises(PoseError, match=says):
        probe_motion(sweep, transform)
