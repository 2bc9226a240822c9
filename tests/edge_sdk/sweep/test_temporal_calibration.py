"""Recordings with a known lag; the signs are those of merging and of PLUS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sdk.errors import PoseError
from edge_sdk.sweep.merging import with_poses
from edge_sdk.sweep.temporal_calibration import estimate_lag
from tests.edge_sdk.sweep.moving_probe import SIZE, along, hand_motion, line_video, poses, speckle_video, stamps, video

CASES = [(0.12, 12, 40), (-0.0648, 25, 20), (0.3, 30, 100), (-0.2, 20, 20), (0.0, 15, 60)]
"""Lag, images a second, poses a second."""


def pair(kind, lag, image_rate, pose_rate, seed, *, noise_mm=0.1, seconds=15.0):
    make, direction = {
        "line": (line_video, (0, 1, 0)),
        "sideways": (speckle_video, (1, 0, 0)),
        "oblique": (speckle_video, (1, 1, 0)),
        "out of plane": (speckle_video, (0, 0, 1)),
    }[kind]
    path = along(direction, hand_motion(seed))
    images = make(path, stamps(image_rate, seconds, seed=seed, jitter=0.1), seed=seed)
    times = stamps(pose_rate, seconds + 2, seed=seed + 50, jitter=0.1, start=99)
    return images, poses(path, times, lag=lag, noise_mm=noise_mm, seed=seed)


@pytest.mark.parametrize(("lag", "image_rate", "pose_rate"), CASES)
@pytest.mark.parametrize(
    ("kind", "method", "bound"), [("line", "line", 0.002), ("sideways", "shift", 0.004), ("oblique", "shift", 0.004)]
)
def test_known_lags(kind, method, bound, lag, image_rate, pose_rate) -> None:
    found = estimate_lag(*pair(kind, lag, image_rate, pose_rate, seed=CASES.index((lag, image_rate, pose_rate))))
    assert found.method == method
    assert found.lag_s == pytest.approx(lag, abs=bound)
    assert found.error_s < bound
    assert found.correlation > 0.9
    assert not found.ambiguous
    assert 0.02 < found.width_s < 0.6
    assert found.transform == "ProbeToTracker"


@pytest.mark.parametrize(("lag", "image_rate", "pose_rate"), [CASES[0], CASES[1], CASES[3]])
def test_out_of_the_plane_the_images_change(lag, image_rate, pose_rate) -> None:
    found = estimate_lag(
        *pair("out of plane", lag, image_rate, pose_rate, seed=CASES.index((lag, image_rate, pose_rate)))
    )
    assert found.method == "change"
    assert found.lag_s == pytest.approx(lag, abs=0.01)
    assert abs(found.lag_s - lag) < 3 * found.error_s
    assert [attempt.method for attempt in found.attempts] == ["shift", "change"]
    assert "too low" in found.attempts[0].refused


@pytest.mark.parametrize("seed", range(4))
def test_a_free_motion_mostly_in_the_plane_within_its_standard_error(seed) -> None:
    def path(times):
        return hand_motion(seed)(times) * (1, 1, 0.25)

    images = speckle_video(path, stamps(20, 15, seed=seed, jitter=0.1), seed=seed)
    tracker = poses(path, stamps(50, 17, seed=seed + 9, start=99), lag=-0.1, noise_mm=0.1)
    found = estimate_lag(images, tracker)
    assert abs(found.lag_s + 0.1) < max(3 * found.error_s, 0.003)


def test_the_sign_is_that_of_merging_and_of_plus() -> None:
    """Poses stamped late have a positive lag; taken at t + lag they are those of the frames."""
    path = along((0, 1, 0), hand_motion(2))
    times = stamps(20, 15)
    images = line_video(path, times)
    late = poses(path, stamps(60, 17, start=99), lag=0.15)
    found = estimate_lag(images, late)
    assert found.lag_s > 0
    merged = with_poses(images, late, lag=found.lag_s).transforms["ProbeToTracker"]
    truth = poses(path, times, lag=0).transforms["ProbeToTracker"]
    assert np.linalg.norm(merged.matrices[:, :3, 3] - truth.matrices[:, :3, 3], axis=1).max() < 0.2
    # PLUS adds LocalTimeOffsetSec to a device's stamps: the tracker's go back, or the images' forward.
    assert (found.tracker_offset_s, found.video_offset_s) == (-found.lag_s, found.lag_s)
    corrected = replace(late, timestamps=late.timestamps + found.tracker_offset_s)
    assert estimate_lag(images, corrected).lag_s == pytest.approx(0, abs=0.002)


def test_the_halves_tell_a_constant_lag_from_one_that_drifts() -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    found = estimate_lag(images, tracker)
    assert found.halves_s == pytest.approx((0.1, 0.1), abs=0.003)
    assert not found.drifts
    fast = replace(tracker, timestamps=100 + (tracker.timestamps - 100) * 1.01)  # 0.15 s in 15 s
    found = estimate_lag(images, fast)
    assert found.halves_s[1] - found.halves_s[0] == pytest.approx(0.075, abs=0.03)
    assert found.drifts


def test_frames_all_at_the_beginning_but_one() -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    stamped = images.timestamps.copy()
    stamped[-1] += 500
    longer = replace(tracker, timestamps=np.append(tracker.timestamps[:-1], 700.0))
    found = estimate_lag(replace(images, timestamps=stamped), longer)
    assert found.lag_s == pytest.approx(0.1, abs=0.002)
    assert np.isnan(found.halves_s[1])
    assert not found.drifts


def test_one_wrong_stamp_in_one_recording_does_not_matter() -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    for recording, other in ((images, tracker), (tracker, images)):
        stamped = recording.timestamps.copy()
        stamped[0] = 0
        hurt = replace(recording, timestamps=stamped)
        both = (hurt, other) if recording is images else (other, hurt)
        assert estimate_lag(*both).lag_s == pytest.approx(0.1, abs=0.002)


def test_one_recording_with_both() -> None:
    path = along((1, 1, 0), hand_motion(6))
    times = stamps(20, 15, jitter=0.1)
    images = speckle_video(path, times)
    both = replace(images, transforms=poses(path, times - 0.08, lag=0.08).transforms)
    assert estimate_lag(both).lag_s == pytest.approx(0.08, abs=0.005)


def test_frames_out_of_order_repeated_or_without_time_do_not_matter() -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    order = np.random.default_rng(0).permutation(len(images))
    order = np.concatenate([order, order[:7]])
    stamped = images.timestamps[order].copy()
    stamped[5] = np.nan
    mixed = replace(images, images=images.images[order], timestamps=stamped, image_status=("OK",) * len(order))
    assert estimate_lag(mixed, tracker).lag_s == pytest.approx(0.1, abs=0.002)


def test_dropouts_of_tracker_and_images() -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    transform = tracker.transforms["ProbeToTracker"]
    status = np.array(transform.status, object)
    status[300:380] = "OUT_OF_VIEW"
    shaken = transform.matrices.copy()
    shaken[300:380, :3, 3] = 999
    hurt = replace(tracker, transforms={"ProbeToTracker": replace(transform, matrices=shaken, status=tuple(status))})
    words = tuple("INVALID" if 100 <= index < 110 else "OK" for index in range(len(images)))
    assert estimate_lag(replace(images, image_status=words), hurt).lag_s == pytest.approx(0.1, abs=0.002)


def test_an_evenly_repeated_motion_is_told_to_be_ambiguous() -> None:
    def path(times):
        return 4 * np.sin(2 * np.pi * np.asarray(times)[:, None] / 0.7) * np.array([[0.0, 1.0, 0.0]])

    images = line_video(path, stamps(25, 15))
    found = estimate_lag(images, poses(path, stamps(50, 17, start=99), lag=0.02))
    assert found.lag_s == pytest.approx(0.02, abs=0.005)
    assert found.ambiguous
    assert found.runner_up is not None
    assert abs(abs(found.runner_up[0] - 0.02) - 0.35) < 0.02


@pytest.mark.parametrize("seed", range(6))
def test_unrelated_motions_are_refused(seed) -> None:
    make = line_video if seed % 2 else speckle_video
    images = make(along((0, 1, 0), hand_motion(seed)), stamps(15, 15, jitter=0.1), seed=seed)
    other = poses(along((0, 1, 0), hand_motion(seed + 1000)), stamps(30, 17, start=99), lag=0)
    with pytest.raises(PoseError, match=r"no lag found.*too low to be more than chance"):
        estimate_lag(images, other)


def test_a_lag_at_the_end_of_the_search_is_refused() -> None:
    images, tracker = pair("line", 0.32, 20, 50, seed=3)
    with pytest.raises(PoseError, match=r"end of the search.*--max-lag"):
        estimate_lag(images, tracker, max_lag=0.25)
    assert estimate_lag(images, tracker, max_lag=0.5).lag_s == pytest.approx(0.32, abs=0.002)


def test_refused() -> None:
    images, tracker = pair("line", 0.0, 20, 50, seed=3, seconds=6.0)
    still = video(np.full((len(images), *SIZE), 50.0), images.timestamps)
    later = replace(tracker, timestamps=tracker.timestamps + 4)
    wrong = [replace(recording, timestamps=recording.timestamps.copy()) for recording in (images, tracker)]
    for recording in wrong:
        recording.timestamps[0] -= 1.7e9
    for video_, tracker_, says, options in (
        (*wrong, "span 17000000.. s in steps of 0.05", {}),
        (still, tracker, "nothing moves", {}),
        (images, poses(lambda times: np.zeros((len(times), 3)), tracker.timestamps, lag=0), "moves by only", {}),
        (images, later, "share 2.94 s, expected 4 s", {"max_lag": 1.0}),
        (images, replace(tracker, timestamps=tracker.timestamps + 99), "share 0.00 s", {}),
        (tracker, tracker, "has no images", {}),
        (images, None, "has no poses", {}),
        (replace(images, timestamps=np.full(len(images), np.nan)), tracker, "0 usable frames", {}),
        (images, tracker, "the largest lag is nan", {"max_lag": float("nan")}),
        (images, tracker, "the largest lag is 0", {"max_lag": 0}),
    ):
        with pytest.raises(PoseError, match=says):
            estimate_lag(video_, tracker_, **options)


@pytest.mark.parametrize("left", [0, 1, 9])
def test_a_pause_of_the_images_while_there_are_poses_is_refused(left) -> None:
    images, tracker = pair("line", 0.1, 20, 50, seed=3)
    stamped = images.timestamps.copy()
    stamped[: len(stamped) // 2] -= 100
    stamped[len(stamped) // 2 :] += 100
    stamped[len(stamped) // 2 - left : len(stamped) // 2] = 105 + np.arange(left) / 20
    with pytest.raises(PoseError, match=rf"has {left} frames between 98\.\d+ and 116\.\d+ s.*expected 10.*give rec"):
        estimate_lag(replace(images, timestamps=stamped), tracker)
