from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sdk.errors import GeometryError
from edge_sdk.volume.grid import Box
from edge_sdk.volume.holes.filling import check_kernels, fill_holes, reach
from edge_sdk.volume.settings import HOLE_KERNELS, HoleFilling
from tests.edge_sdk.volume.holes import naive_holes

elements = st.builds(
    HoleFilling,
    st.sampled_from(sorted(HOLE_KERNELS)),
    stick_length=st.integers(1, 12),
    sticks=st.integers(1, 14),
    size=st.integers(1, 7),
    minimum_ratio=st.sampled_from([0.0, 0.008, 0.1, 1 / 3, 1.0]),
    deviation=st.floats(0.3, 3.0),
)


@st.composite
def recordings(draw: st.DrawFn, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Voxels and accumulated weights, from almost nothing known to almost everything."""
    shape = draw(st.tuples(*[st.integers(1, most)] * 3))
    density = draw(st.sampled_from([0.01, 0.05, 0.2, 0.6, 0.95]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = np.where(rng.random(shape) < density, rng.integers(1, 65536, shape), 0).astype(np.uint16)
    constant = draw(st.none() | st.integers(0, 255))  # rounding shows best where every source is alike
    voxels = rng.integers(0, 256, shape) if constant is None else np.full(shape, constant)
    return voxels.astype(np.uint8), weights  # unknown voxels have values too, which must not be used


@pytest.mark.parametrize("kernel", HOLE_KERNELS)
@given(data=st.data(), recording=recordings(7))
@settings(max_examples=40)
def test_each_kernel_fills_as_plus_would(kernel, data, recording):
    voxels, weights = recording
    element = data.draw(elements.filter(lambda element: element.kernel == kernel))
    filled = fill_holes(voxels, weights > 0, [element], weights=weights)
    np.testing.assert_array_equal(filled, naive_holes.fill(voxels, weights, [element]))


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("kernel", HOLE_KERNELS)
@given(data=st.data(), recording=recordings(6))
@settings(max_examples=15)
def test_each_kernel_fills_voxels_of_every_type(kernel, kind, data, recording):
    levels, weights = recording
    voxels = of_type(levels, kind)
    element = data.draw(elements.filter(lambda element: element.kernel == kernel))
    filled = fill_holes(voxels, weights > 0, [element], weights=weights)
    assert filled.dtype == kind
    np.testing.assert_array_equal(filled, naive_holes.fill(voxels, weights, [element]))


def of_type(levels, kind):
    """8-bit levels spread over another type's, below 0 too where it has such."""
    if kind is np.float32:
        return ((levels - 100.0) / 77.0).astype(np.float32)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    return (low + levels.astype(np.int64) * (high - low) // 255).astype(kind)


@given(recordings(7), st.lists(elements, min_size=2, max_size=4))
@settings(max_examples=60)
def test_chains_fill_as_plus_would(recording, chain):
    voxels, weights = recording
    filled = fill_holes(voxels, weights > 0, chain, weights=weights)
    np.testing.assert_array_equal(filled, naive_holes.fill(voxels, weights, chain))


@given(recordings(50), st.lists(elements, min_size=1, max_size=2), st.data())
@settings(max_examples=60)
def test_threads_and_boxes_change_nothing(recording, chain, data):
    voxels, weights = recording
    hit = weights > 0
    whole = fill_holes(voxels, hit, chain, weights=weights, threads=1)
    np.testing.assert_array_equal(fill_holes(voxels, hit, chain, weights=weights, threads=2), whole)
    ends = [sorted(data.draw(st.tuples(*[st.integers(0, count)] * 2))) for count in voxels.shape]
    box = Box(*zip(*ends, strict=True))
    part = fill_holes(voxels, hit, chain, weights=weights, box=box)
    np.testing.assert_array_equal(part, whole[box.slices])
    # Nothing further away than the reach is looked at.
    far = np.ones(voxels.shape, bool)
    margin = reach(chain)
    far[tuple(slice(max(0, start - margin), stop + margin) for start, stop in ends)] = False
    other = np.where(far, 256 - weights, weights).astype(np.uint16)
    part = fill_holes(np.where(far, 77, voxels).astype(np.uint8), other > 0, chain, weights=other, box=box)
    np.testing.assert_array_equal(part, whole[box.slices])


def test_several_callers_at_once():
    rng = np.random.default_rng(3)
    hit = rng.random((60, 60, 60)) < 0.1
    voxels = rng.integers(0, 256, hit.shape).astype(np.uint8)
    expected = fill_holes(voxels, hit, [HoleFilling("STICK")], threads=1)
    results = [None] * 4

    def call(index):
        results[index] = fill_holes(voxels, hit, [HoleFilling("STICK")], threads=2)

    callers = [threading.Thread(target=call, args=(index,)) for index in range(len(results))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


def line(values):
    voxels = np.array(values, np.uint8).reshape(1, 1, -1)
    return voxels, voxels > 0


def test_stick_interpolates_between_the_two_ends():
    voxels, hit = line([0, 100, 0, 0, 0, 200, 0])
    filled = fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=9)])
    # With span 5 the forward end weighs (steps back + 1) / span.
    assert filled.ravel().tolist() == [0, 100, 140, 160, 180, 200, 0]


def test_stick_does_not_reach_further_than_its_length():
    voxels, hit = line([100, 0, 0, 0, 200])
    assert fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=4)]).ravel().tolist() == [
        100,
        0,
        0,
        0,
        200,
    ]
    assert fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=5)]).all()


def test_the_longest_stick():
    voxels, hit = line([10] + [0] * 125 + [10])
    assert fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=127)]).all()
    assert not fill_holes(voxels, hit, [HoleFilling("STICK", stick_length=126)])[0, 0, 1:-1].any()


def test_nearest_neighbor_averages_the_closest_shell():
    voxels = np.zeros((5, 5, 5), np.uint8)
    voxels[2, 2, 1], voxels[2, 2, 3], voxels[0, 0, 0] = 10, 21, 250
    filled = fill_holes(voxels, voxels > 0, [HoleFilling("NEAREST_NEIGHBOR", size=5)])
    assert filled[2, 2, 2] == 15
    assert filled[4, 4, 4] == 21  # the shell at distance 1 is empty, the one at 2 reaches index 2
    demanding = [HoleFilling("NEAREST_NEIGHBOR", size=5, minimum_ratio=0.5)]
    np.testing.assert_array_equal(fill_holes(voxels, voxels > 0, demanding), voxels)


def test_accumulated_weights_count():
    voxels, hit = line([0, 0, 100, 0, 203, 0, 0])
    weights = np.where(hit, [[[0, 0, 256, 0, 3 * 256, 0, 0]]], 0).astype(np.uint16)
    element = HoleFilling("GAUSSIAN_ACCUMULATION", size=3, deviation=1.0)
    assert fill_holes(voxels, hit, [element], weights=weights)[0, 0, 3] == 177  # 177.25
    assert fill_holes(voxels, hit, [HoleFilling("GAUSSIAN", size=3)])[0, 0, 3] == 151  # 151.5
    with pytest.raises(GeometryError, match="GAUSSIAN_ACCUMULATION needs the accumulated weights"):
        fill_holes(voxels, hit, [element])


def test_inputs_stay_as_they_are():
    voxels, hit = line([9, 0, 0, 7])
    before = voxels.copy()
    filled = fill_holes(voxels, hit, [])
    filled[:] = 1
    np.testing.assert_array_equal(voxels, before)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (HoleFilling("SPLINE"), "'SPLINE'; use one of STICK, NEAREST_NEIGHBOR, GAUSSIAN"),
        (HoleFilling("STICK", stick_length=128), "at most 127"),
        (HoleFilling("STICK", sticks=0), "at least 1"),
        (HoleFilling("NEAREST_NEIGHBOR", size=0), "at least 1"),
        (HoleFilling("GAUSSIAN", size=65), "at most 63"),
        (HoleFilling("GAUSSIAN", deviation=0.0), "deviation"),
        (HoleFilling("GAUSSIAN", deviation=float("nan")), "deviation"),
        (HoleFilling("GAUSSIAN", deviation=1e-30), "deviation"),
        (HoleFilling("GAUSSIAN_ACCUMULATION", deviation=1e60), "deviation"),
        (HoleFilling("DISTANCE_WEIGHT_INVERSE", minimum_ratio=1.5), "between 0 and 1"),
    ],
)
def test_impossible_kernels_are_refused(element, message):
    voxels, hit = line([1, 0, 1])
    with pytest.raises(GeometryError, match=message):
        fill_holes(voxels, hit, [element])


def test_arrays_that_do_not_fit_are_refused():
    voxels, hit = line([1, 0, 1])
    with pytest.raises(GeometryError, match="hit of bool"):
        fill_holes(voxels, hit[:, :, :2], [])
    with pytest.raises(GeometryError, match="pixels of float64"):
        fill_holes(voxels.astype(np.float64), hit, [])
    with pytest.raises(GeometryError, match="weights of int64"):
        fill_holes(voxels, hit, [], weights=hit.astype(int))
    with pytest.raises(GeometryError, match="inside the volume"):
        fill_holes(voxels, hit, [], box=Box((0, 0, 0), (1, 1, 4)))


def test_an_impossible_value_is_named_without_the_class() -> None:
    with pytest.raises(
        GeometryError, match=r"^hole filling stick has length 0; give at least 1 and at most \d+ voxels$"
    ):
        check_kernels([HoleFilling("STICK", stick_length=0)])
