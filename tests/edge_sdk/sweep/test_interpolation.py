"""Poses between samples, against scipy's Slerp and by properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from edge_sdk.errors import PoseError
from edge_sdk.sweep.interpolation import interpolate
from edge_sdk.sweep.sweep import TrackedTransform


def poses(rotations, translations) -> np.ndarray:
    matrices = np.tile(np.eye(4), (len(translations), 1, 1))
    matrices[:, :3, :3] = rotations.as_matrix() if isinstance(rotations, Rotation) else rotations
    matrices[:, :3, 3] = translations
    return matrices


def turns(*degrees) -> Rotation:
    """About z."""
    return Rotation.from_rotvec([(0, 0, angle) for angle in degrees], degrees=True)


def tracked(matrices, status=None) -> TrackedTransform:
    return TrackedTransform(np.asarray(matrices, float), tuple(status or ["OK"] * len(matrices)))


def along_x(*positions, status=None) -> TrackedTransform:
    return tracked(poses(np.eye(3), [(x, 0, 0) for x in positions] or np.empty((0, 3))), status)


def x_of(result: TrackedTransform) -> list[float]:
    return [float(value) for value in result.matrices[:, 0, 3]]


@pytest.mark.parametrize("spread", [1e-9, 1e-4, 0.3, 3.0])
def test_rotations_are_scipys_slerp(spread) -> None:
    generator = np.random.default_rng(7)
    rotations = Rotation.from_rotvec(generator.normal(size=(1, 3))) * Rotation.from_rotvec(
        spread * generator.uniform(-1, 1, (40, 3))
    )
    times = np.cumsum(generator.uniform(0.01, 0.1, 40))
    at = generator.uniform(times[0], times[-1], 300)
    result = interpolate(tracked(poses(rotations, np.zeros((40, 3)))), times, at, max_gap=1.0)
    assert np.allclose(result.matrices[:, :3, :3], Slerp(times, rotations)(at).as_matrix(), atol=1e-12)
    assert set(result.status) == {"OK"}


def test_translation_is_numpys_linear_interpolation() -> None:
    generator = np.random.default_rng(1)
    times, at = np.sort(generator.uniform(0, 1, 20)), generator.uniform(0.2, 0.8, 50)
    translations = generator.normal(size=(20, 3))
    result = interpolate(tracked(poses(np.eye(3), translations)), times, at, max_gap=1.0)
    for axis in range(3):
        assert np.allclose(result.matrices[:, axis, 3], np.interp(at, times, translations[:, axis]))
    assert np.array_equal(result.matrices[:, 3], np.tile((0, 0, 0, 1), (50, 1)))


def test_a_quarter_of_a_quarter_turn() -> None:
    rotations = turns(0, 90)
    result = interpolate(tracked(poses(rotations, np.zeros((2, 3)))), [0, 4], [1], max_gap=4)
    angle = Rotation.from_matrix(result.matrices[0, :3, :3]).as_euler("zyx", degrees=True)
    assert angle == pytest.approx((22.5, 0, 0))


def test_the_shorter_arc_across_the_half_turn() -> None:
    rotations = turns(170, -170)
    result = interpolate(tracked(poses(rotations, np.zeros((2, 3)))), [0, 1], [0.25], max_gap=1)
    assert Rotation.from_matrix(result.matrices[0, :3, :3]).as_euler("zyx", degrees=True)[0] == pytest.approx(175)


def test_half_a_turn_gives_a_rotation_always_the_same() -> None:
    rotations = turns(0, 180)
    once, again = (
        interpolate(tracked(poses(rotations, np.zeros((2, 3)))), [0, 1], [0.5], max_gap=1).matrices for _ in range(2)
    )
    assert np.array_equal(once, again)
    assert abs(Rotation.from_matrix(once[0, :3, :3]).magnitude()) == pytest.approx(np.pi / 2)


def test_a_sample_is_returned_bit_for_bit_though_not_orthonormal() -> None:
    rotation = np.round(Rotation.from_euler("xyz", (0.3, -0.7, 1.1)).as_matrix(), 2)
    transform = tracked(poses(np.stack([rotation, rotation]), [(0.1, 0.2, 0.3), (1, 2, 3)]))
    result = interpolate(transform, [0.1, 0.2], [0.2, 0.1], max_gap=0)
    assert np.array_equal(result.matrices, transform.matrices[::-1])
    assert result.status == ("OK", "OK")


def test_few_digits_leave_no_jump_at_the_samples() -> None:
    exact = Rotation.from_euler("xyz", [(0.3, -0.7, 1.1), (0.5, -0.6, 1.0)])
    rounded = np.round(exact.as_matrix(), 2)
    result = interpolate(tracked(poses(rounded, np.zeros((2, 3)))), [0, 1], [2e-6, 0.5, 1 - 2e-6], max_gap=1)
    assert np.allclose(result.matrices[0, :3, :3], rounded[0], atol=1e-5)
    assert np.allclose(result.matrices[2, :3, :3], rounded[1], atol=1e-5)
    middle = Slerp([0, 1], exact)([0.5]).as_matrix()[0]
    assert np.allclose(result.matrices[1, :3, :3], middle, atol=0.01)


def test_a_scale_is_kept() -> None:
    rotations = turns(0, 40)
    scaled = rotations.as_matrix() @ np.diag((0.1, 0.2, 0.2))
    result = interpolate(tracked(poses(scaled, np.zeros((2, 3)))), [0, 1], [0.5], max_gap=1)
    expected = Rotation.from_euler("z", 20, degrees=True).as_matrix() @ np.diag((0.1, 0.2, 0.2))
    assert np.allclose(result.matrices[0, :3, :3], expected)


def test_mirrored_poses_interpolate_but_not_into_unmirrored_ones() -> None:
    mirror = np.diag((1.0, 1.0, -1.0))
    turned = turns(0, 40).as_matrix() @ mirror
    result = interpolate(tracked(poses(turned, np.zeros((2, 3)))), [0, 1], [0.5], max_gap=1)
    assert np.allclose(result.matrices[0, :3, :3], Rotation.from_euler("z", 20, degrees=True).as_matrix() @ mirror)
    mixed = tracked(poses(np.stack([np.eye(3), mirror]), np.zeros((2, 3))))
    assert interpolate(mixed, [0, 1], [0.5], max_gap=1).status == ("MISSING",)


def test_nothing_is_extrapolated_or_bridged_beyond_the_gap() -> None:
    result = interpolate(along_x(0, 1, 2), [0, 1, 2.5], [-0.1, 0, 0.5, 1, 1.2, 2.5, 2.6], max_gap=1.0)
    assert result.status == ("MISSING", "OK", "OK", "OK", "MISSING", "OK", "MISSING")
    assert np.isnan(result.matrices[[0, 4, 6]]).all()
    assert x_of(result)[1:4] == [0, 0.5, 1]


def test_a_sample_that_is_not_ok_is_bridged_within_the_gap_only() -> None:
    transform = along_x(0, 99, 2, status=["OK", "INVALID", "OK"])
    assert x_of(interpolate(transform, [0, 1, 2], [0.5, 1, 1.5], max_gap=2)) == [0.5, 1, 1.5]
    assert set(interpolate(transform, [0, 1, 2], [0.5, 1, 1.5], max_gap=1.9).status) == {"MISSING"}


def test_samples_without_a_time_a_matrix_or_an_inverse_do_not_count() -> None:
    transform = along_x(0, 50, 60, 70, 4)
    transform.matrices[2, 0, 0] = np.nan
    transform.matrices[3, :3, :3] = 0
    result = interpolate(transform, [0, np.nan, 2, 3, 4], [1, 2, 3], max_gap=5)
    assert x_of(result) == [1, 2, 3]


def test_of_duplicate_times_the_first_in_the_file_counts() -> None:
    transform = along_x(0, 1, 7, 2, status=["OK"] * 4)
    assert x_of(interpolate(transform, [0, 1, 1, 2], [0.5, 1, 1.5], max_gap=1)) == [0.5, 1, 1.5]
    transform = along_x(0, 1, 7, 2, status=["OK", "INVALID", "OK", "OK"])
    assert x_of(interpolate(transform, [0, 1, 1, 2], [1.0], max_gap=1)) == [7]


def test_unsorted_samples_and_times() -> None:
    result = interpolate(along_x(2, 0, 1), [2, 0, 1], [1.5, 0.5, np.nan, 1.0], max_gap=1)
    assert result.status == ("OK", "OK", "MISSING", "OK")
    assert np.array_equal(np.array(x_of(result))[[0, 1, 3]], [1.5, 0.5, 1])


@pytest.mark.parametrize("at", [10.000000000000002, 10 - 5e-7, 10 + 5e-7])
def test_rounding_does_not_push_a_frame_off_the_last_sample(at) -> None:
    assert x_of(interpolate(along_x(0, 3), [9, 10], [at], max_gap=0)) == [3]


def test_empty_on_either_side() -> None:
    assert interpolate(along_x(), [], [1, 2], max_gap=1).status == ("MISSING", "MISSING")
    assert interpolate(along_x(1), [1], [], max_gap=1).matrices.shape == (0, 4, 4)


@pytest.mark.parametrize(
    ("times", "at", "max_gap", "says"),
    [([0], [0], 1, "one time for each"), ([0, 1], [[0]], 1, "one time for each"), ([0, 1], [0], np.nan, "maximum gap")],
)
def test_refused(times, at, max_gap, says) -> None:
    with pytest.raises(PoseError, match=says):
        interpolate(along_x(0, 1), times, at, max_gap=max_gap)


angles = st.floats(-np.pi, np.pi)
pose = st.tuples(angles, angles, angles, *[st.floats(-1e3, 1e3)] * 3)


@given(
    st.lists(st.tuples(st.integers(0, 1000), pose, st.booleans()), min_size=1, max_size=12),
    st.lists(st.integers(-100, 1100), min_size=1, max_size=12),
    st.integers(0, 400),
    st.randoms(),
)
def test_properties(samples, at, gap, shuffle) -> None:
    """Milliseconds as integers; every wanted time against the rule written plainly."""
    # One pose a time, so that the order in the file does not matter.
    samples = list({time: (time, pose, ok) for time, pose, ok in samples}.values())
    times = np.array([time for time, _, _ in samples]) / 1000
    matrices = poses(
        Rotation.from_euler("xyz", [pose[:3] for _, pose, _ in samples]), [pose[3:] for _, pose, _ in samples]
    )
    status = ["OK" if ok else "INVALID" for _, _, ok in samples]
    max_gap = (gap + 0.5) / 1000  # clear of rounding
    result = interpolate(tracked(matrices, status), times, np.array(at) / 1000, max_gap=max_gap)

    good = sorted((time, index) for index, (time, _, ok) in enumerate(samples) if ok)
    for here, matrix, word in zip(at, result.matrices, result.status, strict=True):
        exact = [index for time, index in good if time == here]
        before = [entry for entry in good if entry[0] < here][-1:]
        after = [entry for entry in good if entry[0] > here][:1]
        bridged = before and after and after[0][0] - before[0][0] <= gap
        assert word == ("OK" if exact or bridged else "MISSING")
        if exact:
            assert np.array_equal(matrix, matrices[exact[0]])
        elif bridged:
            a, b = matrices[before[0][1]], matrices[after[0][1]]
            part = (here - before[0][0]) / (after[0][0] - before[0][0])
            assert np.allclose(matrix[:3, 3], (1 - part) * a[:3, 3] + part * b[:3, 3])
            turn = Rotation.from_matrix(a[:3, :3].T @ b[:3, :3]).magnitude()
            done = Rotation.from_matrix(a[:3, :3].T @ matrix[:3, :3]).magnitude()
            assert done == pytest.approx(part * turn, abs=1e-6)
            left = Rotation.from_matrix(matrix[:3, :3].T @ b[:3, :3]).magnitude()
            assert left == pytest.approx((1 - part) * turn, abs=1e-6)
            assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)

    order = list(range(len(samples)))
    shuffle.shuffle(order)
    again = interpolate(
        tracked(matrices[order], [status[i] for i in order]), times[order], np.array(at) / 1000, max_gap=max_gap
    )
    assert again.status == result.status
    assert np.array_equal(again.matrices, result.matrices, equal_nan=True)
