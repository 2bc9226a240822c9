from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError, PoseError
from edge_sdk.volume.clip import ClipRegion
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


def test_the_same_frames_give_the_same_bits():
    def run():
        compounder = Compounder(grid())
        for seed in range(5):
            compounder.insert(image(seed), slice_pose(seed * 0.37, (0.2 * seed, 0.1)))
        return compounder.voxels()

    np.testing.assert_array_equal(run(), run())
