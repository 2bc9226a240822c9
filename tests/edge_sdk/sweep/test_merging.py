"""Frames of one recording with the poses of another; SciPy's SLERP is the reference."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from edge_sdk.errors import PoseError
from edge_sdk.sweep.merging import with_poses
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.sweep.sweep import Sweep, TrackedTransform


def video(times: np.ndarray) -> Sweep:
    return Sweep(np.zeros((len(times), 4, 5), np.uint8), np.asarray(times, float), image_status=("OK",) * len(times))


def tracker(times: np.ndarray, *, status: tuple[str, ...] | None = None) -> tuple[Sweep, Rotation]:
    """A probe that moves along x at 10 mm/s while it turns at random."""
    rotations = Rotation.random(len(times), rng=0)
    matrices = np.tile(np.eye(4), (len(times), 1, 1))
    matrices[:, :3, :3] = rotations.as_matrix()
    matrices[:, 0, 3] = 10 * times
    pose = TrackedTransform(matrices, status or ("OK",) * len(times))
    return Sweep(np.zeros((len(times), 0, 0), np.uint8), times, {"ProbeToReference": pose}), rotations


@pytest.mark.parametrize("lag", [0.0, -0.0648, 0.03])
def test_a_frame_takes_the_pose_at_its_time_plus_the_lag(lag):
    times = np.arange(0, 3, 0.05)
    tracking, rotations = tracker(times)
    at = np.array([0.5, 0.711, 1.3, 2.2])
    merged = with_poses(video(at), tracking, lag=lag).transforms["ProbeToReference"]
    assert merged.status == ("OK",) * 4
    np.testing.assert_allclose(merged.matrices[:, 0, 3], 10 * (at + lag), atol=1e-9)
    expected = Slerp(times, rotations)(at + lag).as_matrix()
    np.testing.assert_allclose(merged.matrices[:, :3, :3], expected, atol=1e-9)


def test_frames_without_a_pose_in_time_are_left_out_and_say_why():
    times = np.concatenate([np.arange(0, 1, 0.05), np.arange(2, 3, 0.05)])
    merged = with_poses(video(np.array([-0.1, 0.5, 1.5, 2.5, 3.5])), tracker(times)[0], max_gap=0.3)
    assert merged.transforms["ProbeToReference"].status == ("MISSING", "OK", "MISSING", "OK", "MISSING")
    poses = image_to_world(merged, config={"ImageToProbe": np.eye(4)})
    assert poses.usable.tolist() == [False, True, False, True, False]
    assert Counter(poses.reasons)["ProbeToReference is MISSING"] == 3
    bridged = with_poses(video(np.array([1.5])), tracker(times)[0], max_gap=1.2)
    assert bridged.transforms["ProbeToReference"].status == ("OK",)


def test_the_recordings_own_poses_with_a_lag():
    times = np.arange(0, 1, 0.1)
    own, _ = tracker(times)
    shifted = with_poses(own, own, lag=0.05).transforms["ProbeToReference"]
    np.testing.assert_allclose(shifted.matrices[:-1, 0, 3], 10 * (times[:-1] + 0.05), atol=1e-9)
    assert shifted.status[-1] == "MISSING"


def test_the_frames_keep_their_own_images_fields_and_other_transforms():
    before = Sweep(
        np.ones((1, 2, 3), np.uint8),
        np.array([0.5]),
        {"ImageToProbe": TrackedTransform(np.eye(4)[None], ("OK",))},
        ("OK",),
        ({"FrameNumber": "7"},),
        {"Operator": "x"},
    )
    merged = with_poses(before, tracker(np.arange(0, 1, 0.1))[0], lag=0.1)
    assert merged.images is before.images
    assert merged.fields == before.fields
    assert set(merged.transforms) == {"ImageToProbe", "ProbeToReference"}
    assert merged.provenance.header_fields(merged.header) == {"Operator": "x", "PoseLag": "0.1"}


@pytest.mark.parametrize(
    ("frames", "poses", "lag", "words"),
    [
        ([0, 1], [5, 6], 0.0, "frames are from 0.000 to 1.000 s, the poses from 5.000 to 6.000 s.*--lag"),
        ([np.nan], [0, 1], 0.0, "no time stamps"),
        ([0, 1], [np.nan, np.nan], 0.0, "no time stamps"),
        ([0, 1], [0, 1], np.nan, "lag is nan"),
    ],
)
def test_recordings_that_cannot_be_joined(frames, poses, lag, words):
    with pytest.raises(PoseError, match=words):
        with_poses(video(np.array(frames)), tracker(np.array(poses, float))[0], lag=lag)


def test_a_tracking_recording_without_poses():
    with pytest.raises(PoseError, match="no poses"):
        with_poses(video(np.arange(3)), video(np.arange(3)))
