from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.growing import GrowingCompounder, VolumeMemoryError

SPACING = (0.5, 0.7, 1.1)


def pose(angles, shift, scale=0.3):
    a, b = angles
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ tilt * scale
    matrix[:3, 3] = shift
    return matrix


def image(seed, shape=(40, 30)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(
    interpolation=st.sampled_from(["nearest", "linear"]),
    mode=st.sampled_from(["mean", "maximum", "latest"]),
    mean=st.sampled_from(["true", "plus"]),
    optimization=st.sampled_from([None, "FULL"]),
    angles=st.tuples(*[st.floats(-3.2, 3.2)] * 2),
    threads=st.integers(1, 3),
)
def test_the_same_voxels_as_in_a_volume_of_known_extent(interpolation, mode, mean, optimization, angles, threads):
    rules = {"interpolation": interpolation, "mode": mode, "mean": mean, "plus_optimization": optimization}
    growing = GrowingCompounder(SPACING, block=8, threads=threads, **rules)
    origin = (-40.0, -56.0, -44.0)  # whole voxels from the growing volume's origin
    known = Compounder(Grid((80, 160, 160), SPACING, origin), **rules)
    for seed in range(3):
        where = pose(np.array(angles) + 0.1 * seed, (0.3 * seed, 1.0, -2.0))
        assert (growing.insert(image(seed), where) is None) == (known.insert(image(seed), where) is None)
    inside = tuple(
        slice(start + offset, stop + offset)
        for start, stop, offset in zip(growing.reached.start, growing.reached.stop, (40, 80, 80), strict=True)
    )
    np.testing.assert_array_equal(growing.voxels(), known.voxels()[inside])
    np.testing.assert_array_equal(growing.weights(), known.weights()[inside])
    assert growing.hit().sum() == known.hit().sum()  # nothing lies outside what it calls reached
    np.testing.assert_allclose(
        growing.grid.origin, np.array(origin) + np.array([part.start for part in inside[::-1]]) * SPACING
    )


def test_it_grows_without_touching_the_blocks_it_has():
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=16, interpolation="nearest", mode="latest")
    assert growing.insert(image(0, (10, 12)), np.eye(4)) == Box((0, 0, 0), (1, 10, 12))
    assert growing.bytes == 16**3 * 3
    before = growing.voxels_in(Box((0, 0, 0), (1, 10, 12)))
    moved = np.eye(4)
    moved[:3, 3] = -30, 5, 40
    assert growing.insert(image(1, (10, 12)), moved) == Box((40, 5, -30), (41, 15, -18))
    assert growing.bytes == 2 * 16**3 * 3  # blocks between the two hold nothing, so there are none
    assert growing.grid.shape == (41, 15, 42)
    assert growing.grid.origin == (-30.0, 0.0, 0.0)
    np.testing.assert_array_equal(growing.voxels()[0, :10, 30:], before[0])
    np.testing.assert_array_equal(growing.voxels()[40, 5:, :12], image(1, (10, 12)))


def test_memory_is_checked_before_a_frame_is_inserted():
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=8, mode="latest", memory_limit=8**3 * 3)
    growing.insert(image(0, (4, 4)), np.eye(4))
    with pytest.raises(VolumeMemoryError, match=r"spacing of at least .* mm"):
        growing.insert(image(1, (40, 40)), np.eye(4))
    assert growing.grid.shape == (1, 4, 4)


@pytest.mark.parametrize("spacing", [0.01, 0.002, 0.0005])
def test_absurd_spacings_are_refused_before_anything_is_allocated(spacing):
    growing = GrowingCompounder((spacing,) * 3, memory_limit=256 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(GeometryError, match=r"spacing"):
            growing.insert(image(0, (616, 820)), pose((0.7, 0.6), (0, 0, 0), 0.1))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert growing.bytes == 0


def test_a_frame_without_a_pixel_to_insert_changes_nothing():
    nothing = ClipRegion(fan=Fan((-10, 10), (5, -500), (1, 10)))
    growing = GrowingCompounder((1.0, 1.0, 1.0), clip=nothing)
    assert growing.insert(image(0, (10, 10)), np.eye(4)) is None
    assert GrowingCompounder((1.0, 1.0, 1.0)).insert(np.zeros((0, 5), np.uint8), np.eye(4)) is None


def test_only_what_the_clip_keeps_takes_memory():
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=8, mode="latest", clip=ClipRegion((0, 0), (3, 3)))
    growing.insert(image(0, (64, 64)), np.eye(4))
    assert growing.bytes == 8**3 * 3


def test_what_cannot_be_done_is_refused():
    with pytest.raises(GeometryError, match="nothing was inserted"):
        GrowingCompounder((1.0, 1.0, 1.0)).voxels()
    with pytest.raises(GeometryError, match="positive"):
        GrowingCompounder((1.0, 0.0, 1.0))
    with pytest.raises(GeometryError, match="NONE"):
        GrowingCompounder((1.0, 1.0, 1.0), plus_optimization="NONE")
    with pytest.raises(GeometryError, match="blocks of 0"):
        GrowingCompounder((1.0, 1.0, 1.0), block=0)
    assert GrowingCompounder((1.0, 1.0, 1.0)).insert(image(0), pose((0, 0), (1e9, 0, 0))) is None


@given(
    interpolation=st.sampled_from(["nearest", "linear"]),
    mean=st.sampled_from(["true", "plus"]),
    angles=st.tuples(*[st.floats(-3.2, 3.2)] * 2),
    start=st.tuples(*[st.integers(-20, 5)] * 3),
    size=st.tuples(*[st.integers(1, 30)] * 3),
)
def test_within_a_box_it_is_a_volume_of_that_extent(interpolation, mean, angles, start, size):
    """Also of frames that lie in it only in part, or not at all, and although blocks lie across its border."""
    rules = {"interpolation": interpolation, "mean": mean}
    box = Box(start, tuple(int(end) for end in np.add(start, size)))
    growing = GrowingCompounder(SPACING, block=8, memory_limit=0, **rules)
    known = Compounder(growing.grid_of(box), **rules)
    asked = []
    for seed in range(4):
        where = pose(np.array(angles) + 0.2 * seed, (0.3 * seed, 1.0, -2.0))
        touched = growing.insert(image(seed), where, lambda needed: asked.append(needed) or box)
        expected = known.insert(image(seed), where)
        assert touched == (expected and expected.moved(start))
        assert touched is None or asked[-1].holds(touched)
    for part, expected in zip(growing.read(box), known.read(), strict=True):
        np.testing.assert_array_equal(part, expected)
    assert growing.bytes <= growing.bytes_beside(box) + np.prod(size) * growing._voxel_bytes


def test_what_a_frame_may_reach_is_asked_before_anything_is_inserted():
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=8, interpolation="nearest", mode="latest")
    asked = []

    def nowhere(needed):
        asked.append(needed)
        assert growing.bytes == 0
        return Box((0, 0, 0), (0, 0, 0))

    moved = np.eye(4)
    moved[:3, 3] = -30, 5, 40
    assert growing.insert(image(0, (10, 12)), moved, nowhere) is None
    assert asked == [Box((40, 5, -30), (41, 15, -18))]
    assert growing.bytes == 0


def test_the_memory_of_whole_blocks_is_counted():
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=8, mode="latest")
    # 2 × 1 × 3 blocks of 512 voxels of 3 bytes, of which the box takes 2 × 8 × 17.
    assert growing.bytes_beside(Box((-1, 0, -1), (1, 8, 16))) == (6 * 512 - 2 * 8 * 17) * 3
    assert growing.bytes_beside(Box((-8, 0, 8), (0, 8, 24))) == 0


def test_no_memory_is_an_error_and_the_volume_stays(monkeypatch):
    growing = GrowingCompounder((1.0, 1.0, 1.0), block=8, interpolation="nearest", mode="latest")
    growing.insert(image(0, (8, 8)), np.eye(4))

    class NoVoxels:
        def __init__(self, *_arguments):
            raise MemoryError

    monkeypatch.setattr(growing, "_kind", NoVoxels)
    with pytest.raises(VolumeMemoryError, match="got no memory"):
        growing.insert(image(0, (20, 20)), np.eye(4), lambda needed: needed)
    np.testing.assert_array_equal(growing.voxels()[0], image(0, (8, 8)))
