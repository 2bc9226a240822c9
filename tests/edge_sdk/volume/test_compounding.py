from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid

SPACING = (0.5, 0.7, 1.1)
ORIGIN = (3.0, -2.0, 8.0)


def grid(shape=(6, 7, 8)):
    return Grid(shape, SPACING, ORIGIN)


def slice_pose(z=0.0, shift=(0.0, 0.0)):
    """Pixels on voxels (x, y) of plane z, all in index units."""
    pose = np.eye(4)
    pose[:3, :3] = np.diag(SPACING)
    pose[:3, 3] = np.array(ORIGIN) + np.array([*shift, z]) * SPACING
    return pose


def image(seed=0, shape=(7, 8)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("mode", ["mean", "maximum", "latest"])
@pytest.mark.parametrize("mean", ["true", "plus"])
@pytest.mark.parametrize("plus_optimization", [None, "FULL"])
def test_a_frame_on_a_plane_of_voxels_is_copied(interpolation, mode, mean, plus_optimization):
    compounder = Compounder(
        grid(), interpolation=interpolation, mode=mode, mean=mean, plus_optimization=plus_optimization
    )
    frame = np.maximum(image(), 1)
    box = compounder.insert(frame, slice_pose(2))
    assert box == Box((2, 0, 0), (3, 7, 8))
    voxels = compounder.voxels()
    np.testing.assert_array_equal(voxels[2], frame)
    assert voxels.sum() == frame.sum()
    np.testing.assert_array_equal(compounder.voxels_in(box)[0], frame)
    np.testing.assert_array_equal(compounder.hit(), np.arange(6)[:, None, None] == np.full((6, 7, 8), 2))


def test_modes_combine_as_they_are_named():
    frames = [image(seed) for seed in range(3)]
    results = {}
    for mode in ("mean", "maximum", "latest"):
        compounder = Compounder(grid(), interpolation="nearest", mode=mode, mean="plus")
        for frame in frames:
            compounder.insert(frame, slice_pose(1))
        results[mode] = compounder.voxels()[1]
    np.testing.assert_array_equal(results["maximum"], np.max(frames, axis=0))
    np.testing.assert_array_equal(results["latest"], frames[-1])
    running = frames[0].astype(int)
    for count, frame in enumerate(frames[1:], start=1):
        running = (frame.astype(int) * 256 + running * 256 * count) // (256 * (count + 1))
    np.testing.assert_array_equal(results["mean"], running)


def test_a_saturated_voxel_is_filtered_recursively():
    compounder = Compounder(Grid((1, 1, 1), (1, 1, 1), (0, 0, 0)), interpolation="nearest", mean="plus")
    black, white = np.zeros((1, 1), np.uint8), np.full((1, 1), 255, np.uint8)
    for _ in range(300):
        compounder.insert(white, np.eye(4))
    assert compounder.voxels().item() == 255
    compounder.insert(black, np.eye(4))
    assert compounder.voxels().item() == 255 * 255 // 256


def test_linear_shares_a_pixel_among_eight_voxels():
    compounder = Compounder(grid(), mode="mean")
    box = compounder.insert(np.full((1, 1), 200, np.uint8), slice_pose(2.5, (3.5, 1.5)))
    assert box == Box((2, 1, 3), (4, 3, 5))
    assert (compounder.voxels_in(box) == 200).all()
    assert compounder.hit().sum() == 8


def test_latest_ignores_voxels_of_small_weight():
    compounder = Compounder(grid(), mode="latest")
    compounder.insert(np.full((1, 1), 200, np.uint8), slice_pose(2.1, (3.1, 1.1)))
    assert np.argwhere(compounder.hit()).tolist() == [[2, 1, 3]]


def test_clip_limits_what_is_inserted():
    compounder = Compounder(grid(), interpolation="nearest", clip=ClipRegion((2, 1), (3, 2)))
    assert compounder.insert(image(), slice_pose()) == Box((0, 1, 2), (1, 4, 6))
    assert compounder.hit().sum() == 12


def test_a_frame_beside_the_volume_changes_nothing():
    compounder = Compounder(grid())
    for pose in (slice_pose(20), slice_pose(0, (500, 0)), slice_pose(1e12)):
        assert compounder.insert(image(), pose) is None
    assert not compounder.hit().any()


def test_what_cannot_be_inserted_is_refused():
    compounder = Compounder(grid())
    with pytest.raises(GeometryError, match="uint8"):
        compounder.insert(image().astype(np.uint16), slice_pose())
    with pytest.raises(PoseError, match="finite"):
        compounder.insert(image(), np.full((4, 4), np.nan))
    with pytest.raises(GeometryError, match="nearest, linear"):
        Compounder(grid(), interpolation="cubic")  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-3.2, 3.2)] * 3),
    shift=st.tuples(*[st.floats(-6, 12)] * 3),
    scale=st.floats(0.2, 2.0),
    interpolation=st.sampled_from(["nearest", "linear"]),
)
def test_the_box_holds_exactly_what_changed_and_nearest_agrees_with_numpy(angles, shift, scale, interpolation):
    a, b, c = angles
    rotation = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        @ np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    )
    pose = np.eye(4)
    pose[:3, :3] = rotation * scale
    pose[:3, 3] = shift
    volume = Grid((6, 7, 8), (1, 1, 1), (0, 0, 0))
    frame = np.maximum(image(1, (9, 5)), 1)
    compounder = Compounder(volume, interpolation=interpolation, mode="latest")
    box = compounder.insert(frame, pose)
    changed = np.argwhere(compounder.hit())
    if box is None:
        assert len(changed) == 0
        return
    inside = np.zeros(volume.shape, bool)
    inside[box.slices] = True
    assert inside[tuple(changed.T)].all()
    if interpolation == "nearest":
        y, x = np.mgrid[:9, :5]
        points = pose[:3, :3] @ np.array([x.ravel(), y.ravel(), np.zeros(45)]) + pose[:3, 3:]
        settled = (abs(points - np.floor(points) - 0.5) > 1e-6).all(0)
        for (px, py, pz), clear in zip(np.floor(points + 0.5).astype(int).T, settled, strict=True):
            if clear and 0 <= px < 8 and 0 <= py < 7 and 0 <= pz < 6:
                assert compounder.hit()[pz, py, px]
        assert set(compounder.voxels()[compounder.hit()]) <= set(frame.ravel())


FAN = ClipRegion((2, 3), (50, 60), Fan((-40, 35), (30, -12), (20, 66)))


def tilted_pose(index):
    a, b = 0.4 + 0.05 * index, 0.3 - 0.04 * index
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    pose = np.eye(4)
    pose[:3, :3] = turn @ tilt * 0.31
    pose[:3, 3] = 3, 5 - 0.2 * index, 4 + 0.3 * index
    return pose


@settings(max_examples=60)
@given(
    interpolation=st.sampled_from(["nearest", "linear"]),
    mode=st.sampled_from(["mean", "maximum", "latest", "importance"]),
    mean=st.sampled_from(["true", "plus"]),
    optimization=st.sampled_from([None, "FULL", "PARTIAL", "NONE"]),
    cuts=st.sets(st.integers(1, 7)),
    threads=st.integers(2, 4),
)
def test_any_split_of_a_sweep_on_any_threads_gives_the_same_bits(
    interpolation, mode, mean, optimization, cuts, threads
):
    shape = (70, 64)
    frames, poses = [image(seed, shape) for seed in range(8)], [tilted_pose(index) for index in range(8)]

    def compounder(threads):
        return Compounder(
            Grid((20, 24, 26), (1, 1, 1), (0, 0, 0)), interpolation=interpolation, mode=mode, mean=mean,
            plus_optimization=optimization, clip=FAN, importance=image(99, shape), threads=threads,
        )  # fmt: skip

    one_by_one, in_parts = compounder(1), compounder(threads)
    in_parts._worth_a_thread = 1  # such small frames would not be shared otherwise
    for frame, pose in zip(frames, poses, strict=True):
        one_by_one.insert(frame, pose)
    edges = [0, *sorted(cuts), 8]
    for begin, end in pairwise(edges):
        in_parts.insert_all(frames[begin:end], poses[begin:end])
    assert one_by_one.hit().any()
    np.testing.assert_array_equal(one_by_one.voxels(), in_parts.voxels())
    np.testing.assert_array_equal(one_by_one.weights(), in_parts.weights())


def reached_by(shape, poses, grid_shape, linear):
    """Voxel, pixel and share of each contact, in order, in plain double precision; clear of rounding at borders."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    for index, pose in enumerate(poses):
        points = (pose[:3, :3] @ np.array([x.ravel(), y.ravel(), np.zeros(x.size)]) + pose[:3, 3:]).T
        for pixel, point in enumerate(points):
            low = np.floor(point if linear else point + 0.5).astype(int)
            for corner in np.ndindex((2, 2, 2) if linear else (1, 1, 1)):
                voxel = low + corner
                share = np.prod(np.where(corner, point - low, 1 - point + low)) if linear else 1.0
                inside = (low >= 0).all() and (low + linear < grid_shape[::-1]).all()
                if inside and share > 0:
                    yield tuple(voxel[::-1]), (index, *np.unravel_index(pixel, shape)), share


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("mode", ["mean", "importance"])
def test_the_true_mean_is_that_of_plain_sums(interpolation, mode):
    shape, grid_shape = (30, 24), (10, 12, 11)
    frames, poses = [image(seed, shape) for seed in range(4)], [tilted_pose(index) for index in range(4)]
    mask = image(7, shape)
    compounder = Compounder(
        Grid(grid_shape, (1, 1, 1), (0, 0, 0)), interpolation=interpolation, mode=mode, importance=mask
    )
    compounder.insert_all(frames, poses)
    sums, weights = np.zeros(grid_shape), np.zeros(grid_shape)
    for voxel, (frame, y, x), share in reached_by(shape, poses, grid_shape, interpolation == "linear"):
        factor = share * (mask[y, x] / 255 if mode == "importance" else 1)
        sums[voxel] += factor * frames[frame][y, x]
        weights[voxel] += factor
    known = weights > 0.01
    assert known.sum() > 100
    expected = sums[known] / weights[known]
    assert abs(compounder.voxels()[known] - expected).max() < 0.5 + 1e-3
    np.testing.assert_allclose(compounder.weights()[known], weights[known] * 256, atol=0.51)
    assert not compounder.voxels()[weights == 0].any()


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("optimization", ["FULL", "PARTIAL", "NONE"])
def test_importance_weighs_pixels_as_plus_means_it(interpolation, optimization):
    shape, grid_shape = (30, 24), (10, 12, 11)
    frames, poses = [image(seed, shape) for seed in range(3)], [tilted_pose(index) for index in range(3)]
    mask = np.where(image(5, shape) < 60, 0, image(7, shape)).astype(np.uint8)
    compounder = Compounder(
        Grid(grid_shape, (1, 1, 1), (0, 0, 0)), interpolation=interpolation, mode="importance", mean="plus",
        importance=mask, plus_optimization=optimization,
    )  # fmt: skip
    compounder.insert_all(frames, poses)
    gray, weights = np.zeros(grid_shape, int), np.zeros(grid_shape, int)
    for voxel, (frame, y, x), share in reached_by(shape, poses, grid_shape, interpolation == "linear"):
        importance, value = int(mask[y, x]), int(frames[frame][y, x])
        if importance == 0:
            continue
        if interpolation == "nearest":
            gray[voxel] = (value * importance + gray[voxel] * weights[voxel]) // (weights[voxel] + importance)
            weights[voxel] += importance
        else:
            total = importance * share + weights[voxel]
            gray[voxel] = int((value * importance * share + gray[voxel] * weights[voxel]) / total + 0.5)
            weights[voxel] = int(total + 0.5)
    same = compounder.voxels() == gray
    assert same.mean() > (0.999 if optimization != "FULL" else 0.98)  # 14 bits place a few pixels elsewhere
    assert (compounder.weights() == weights).mean() > (0.999 if optimization != "FULL" else 0.9)


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("mode", ["maximum", "latest"])
def test_double_precision_agrees_with_fixed_point_away_from_borders(interpolation, mode):
    frames, poses = [image(seed, (30, 24)) for seed in range(3)], [tilted_pose(index) for index in range(3)]
    found = []
    for optimization in (None, "PARTIAL", "NONE"):
        compounder = Compounder(
            Grid((10, 12, 11), (1, 1, 1), (0, 0, 0)), interpolation=interpolation, mode=mode,
            plus_optimization=optimization,
        )  # fmt: skip
        compounder.insert_all(frames, poses)
        found.append(compounder.voxels())
    assert (found[0] > 0).sum() > 80
    assert (found[0] == found[1]).mean() > 0.998
    assert (found[1] == found[2]).mean() > 0.998


def test_dark_pixels_are_left_out_on_request():
    frame = np.array([[3, 9, 10, 200]], np.uint8)
    for interpolation in ("nearest", "linear"):
        for mean in ("plus", "true"):
            compounder = Compounder(grid(), interpolation=interpolation, mean=mean, darkest=10)
            compounder.insert(frame, slice_pose())
            assert compounder.voxels()[0, 0, :5].tolist() == [0, 0, 10, 200, 0]
            assert compounder.hit()[0, 0, :5].tolist() == [False, False, True, True, False]


@pytest.mark.parametrize("mean", ["true", "plus"])
def test_pixels_on_the_last_plane_are_not_lost_to_rounding(mean):
    for pixel in (0.1, 0.2, 0.3, 0.07):  # five pixels a voxel: the last one lies on the grid's border, within rounding
        shape = (1, 21, 21)
        compounder = Compounder(Grid(shape, (5 * pixel, 5 * pixel, 1), (0, 0, 0)), mean=mean)
        pose = np.diag([pixel, pixel, 1, 1])
        assert compounder.insert(np.full((101, 101), 200, np.uint8), pose) == Box((0, 0, 0), shape)
        assert (compounder.voxels() == 200).all()


def test_an_hour_over_a_still_probe_does_not_drift():
    frame = np.full((6, 6), 200, np.uint8)
    compounder = Compounder(Grid((2, 4, 4), (1, 1, 1), (0, 0, 0)))
    pose = np.diag([0.31, 0.31, 1, 1])
    pose[2, 3] = 0.013
    for _ in range(108):
        compounder.insert_all([frame] * 1000, [pose] * 1000)
    assert abs(compounder.voxels()[compounder.hit()].astype(int) - 200).max() <= 1


def test_what_no_pixel_can_use_does_not_move_a_frame():
    pose = slice_pose(2)
    pose[2, 2] = 1e9  # where the image's third axis goes
    compounder = Compounder(grid(), interpolation="nearest")
    assert compounder.insert(np.full((4, 4), 9, np.uint8), pose) == Box((2, 0, 0), (3, 4, 4))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"threads": 0}, "0 threads"),
        ({"plus_optimization": "full"}, "'full'"),
        ({"darkest": -1}, "below -1"),
        ({"darkest": 300}, "below 300"),
        ({"mode": "importance", "importance": np.zeros((2, 2), np.uint8)}, "0 everywhere"),
    ],
)
def test_values_out_of_range_are_refused(wrong, named):
    with pytest.raises(GeometryError, match=named):
        Compounder(grid(), **wrong)


def test_boxes_outside_the_volume_are_refused():
    for box in (Box((-1, 0, 0), (2, 2, 2)), Box((0, 0, 0), (7, 7, 8)), Box((3, 0, 0), (2, 2, 2))):
        with pytest.raises(GeometryError, match="does not lie"):
            Compounder(grid()).voxels_in(box)


def test_an_importance_mask_must_fit():
    with pytest.raises(GeometryError, match="lacks a mask"):
        Compounder(grid(), mode="importance")
    with pytest.raises(GeometryError, match="gray image"):
        Compounder(grid(), mode="importance", importance=np.zeros((2, 2), np.float32))  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match="8×7 pixels, frames have 8×9"):
        Compounder(grid(), mode="importance", importance=image()).insert(image(0, (9, 8)), slice_pose())


def test_the_same_frames_give_the_same_bits():
    def run():
        compounder = Compounder(grid())
        for seed in range(5):
            compounder.insert(image(seed), slice_pose(seed * 0.37, (0.2 * seed, 0.1)))
        return compounder.voxels()

    np.testing.assert_array_equal(run(), run())
