"""Frames of 8 and 16 bits and float32, against PLUS's rules in plain Python and against their 8-bit twins."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.volume.compounding import Compounder
from edge_sdk.volume.grid import Box, Grid
from edge_sdk.volume.growing import GrowingCompounder
from tests.edge_sdk.volume.naive_insertion import NaiveVolume

TYPES = (np.uint8, np.int8, np.uint16, np.int16, np.float32)
SHAPE, FRAMES = (9, 11, 10), 5


def frames_of(kind: Any, seed: int = 0) -> list[Any]:
    """Frames (14, 12) over all levels of a type, below 0 too where it has such."""
    rng = np.random.default_rng(seed)
    if kind is np.float32:
        return [rng.normal(3.0, 40.0, (14, 12)).astype(np.float32) for _ in range(FRAMES)]
    limits = np.iinfo(kind)
    return [rng.integers(limits.min, limits.max, (14, 12), endpoint=True).astype(kind) for _ in range(FRAMES)]


def poses() -> list[Any]:
    """Slanted planes that cross each other in the volume, none of them on voxels."""
    found = []
    for index in range(FRAMES):
        turn, tilt = 0.13 * index - 0.2, 0.31 + 0.11 * index
        rotation = np.array([[np.cos(turn), -np.sin(turn) * np.cos(tilt)], [np.sin(turn), np.cos(turn) * np.cos(tilt)],
                             [0.04 * index, np.sin(tilt)]])  # fmt: skip
        matrix = np.eye(4)
        matrix[:3, :2], matrix[:3, 3] = 0.57 * rotation, (1.7 + 0.31 * index, 1.1 + 0.13 * index, 0.9 + 0.23 * index)
        found.append(matrix)
    return found


def compounded(frames: list[Any], interpolation: str, mode: str, optimization: str | None, mean: str = "plus") -> Any:
    compounder = Compounder(
        Grid(SHAPE, (1, 1, 1), (0, 0, 0)), interpolation=interpolation, mode=mode, mean=mean,  # type: ignore[arg-type]
        plus_optimization=optimization, pixel_type=frames[0].dtype,  # type: ignore[arg-type]
    )  # fmt: skip
    for _ in range(3):
        compounder.insert_all(frames, poses())
    return compounder


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("optimization", ["FULL", "NONE"])
@pytest.mark.parametrize(("interpolation", "mode"), product(("nearest", "linear"), ("mean", "maximum", "latest")))
def test_as_plus_does_it(kind: Any, optimization: str, interpolation: str, mode: str) -> None:
    frames = frames_of(kind)
    naive = NaiveVolume(SHAPE, kind, interpolation, mode, fixed=optimization == "FULL")
    for _ in range(3):
        for frame, pose in zip(frames, poses(), strict=True):
            naive.insert(frame, pose)
    compounder = compounded(frames, interpolation, mode, optimization)
    voxels, weights = compounder.read()
    assert voxels.dtype == kind
    assert (naive.weights > 0).sum() > 150
    np.testing.assert_array_equal(weights, naive.weights)
    np.testing.assert_array_equal(voxels, naive.voxels)


@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.float32])
def test_a_voxel_hit_too_often_is_filtered(kind: Any) -> None:
    """PLUS's products would overflow 32 bits here: 40000 · 65279 > 2³¹."""
    values = np.array([[40000 if kind is np.uint16 else 30000]], kind), np.array([[100]], kind)
    naive = NaiveVolume((1, 1, 1), kind, "nearest", "mean", fixed=True)
    compounder = Compounder(
        Grid((1, 1, 1), (1, 1, 1), (0, 0, 0)), interpolation="nearest", mean="plus", plus_optimization="FULL",
        pixel_type=kind,
    )  # fmt: skip
    for index in range(300):
        compounder.insert(values[index % 7 == 0], np.eye(4))
        naive.insert(values[index % 7 == 0], np.eye(4))
    assert compounder.voxels().item() == naive.voxels.item()
    assert compounder.weights().item() == naive.weights.item() > 65279


@pytest.mark.parametrize("mean", ["plus", "true"])
@pytest.mark.parametrize(("interpolation", "mode"), product(("nearest", "linear"), ("mean", "maximum", "latest")))
def test_twins_of_an_8_bit_sweep(interpolation: str, mode: str, mean: str) -> None:
    """Equal where the values are equal; else as close as the two roundings allow.

    Maximum and latest only pick pixels, so they agree exactly after scaling. A true mean is rounded once, to half a
    level of 8 bits and half a level of 16 bits. A running mean in 8 bits is rounded (linear) or truncated (nearest) at
    each of at most n hits, and each rounding of up to one level lasts with a weight of at most one: n levels.
    """
    bytes_ = frames_of(np.uint8)
    found = compounded(bytes_, interpolation, mode, None, mean)
    expected = found.voxels().astype(np.float64)
    same = compounded([frame.astype(np.uint16) for frame in bytes_], interpolation, mode, None, mean)
    np.testing.assert_array_equal(same.voxels(), found.voxels())
    np.testing.assert_array_equal(same.weights(), found.weights())
    wide = compounded([frame.astype(np.uint16) * np.uint16(257) for frame in bytes_], interpolation, mode, None, mean)
    share = compounded(
        [frame.astype(np.float32) / np.float32(255) for frame in bytes_], interpolation, mode, None, mean
    )
    bound = 0.0
    if mode == "mean":
        bound = 0.51 if mean == "true" else 3 * FRAMES * 1.0
    assert abs(wide.voxels() / 257 - expected).max() <= bound
    assert abs(share.voxels() * np.float32(255) - expected).max() <= bound + 1e-4
    for twin in (wide, share):
        np.testing.assert_array_equal(twin.weights(), found.weights())


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("interpolation", "mean"), product(("nearest", "linear"), ("plus", "true")))
def test_a_growing_volume_has_the_same_voxels(kind: Any, interpolation: str, mean: str) -> None:
    growing = GrowingCompounder(
        (1.0, 1.0, 1.0), interpolation=interpolation, mean=mean, block=4, pixel_type=kind,  # type: ignore[arg-type]
    )  # fmt: skip
    fixed = compounded(frames := frames_of(kind), interpolation, "mean", None, mean)
    whole = Box((0, 0, 0), SHAPE)
    for _ in range(3):
        for frame, pose in zip(frames, poses(), strict=True):
            growing.insert(frame, pose, lambda _needed: whole)
    voxels, weights = growing.read(whole)
    assert voxels.dtype == kind
    np.testing.assert_array_equal(voxels, fixed.voxels())
    np.testing.assert_array_equal(weights, fixed.weights())


@pytest.mark.parametrize("mean", ["plus", "true"])
@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("optimization", ["FULL", "NONE"])
def test_pixels_that_are_not_finite_are_not_inserted(mean: str, interpolation: str, optimization: str) -> None:
    frames = frames_of(np.float32)
    broken = [frame.copy() for frame in frames]
    for frame, value in zip(broken, (np.nan, np.inf, -np.inf, np.nan, np.inf), strict=True):
        frame[3:9, 2:8] = value
    found = compounded(broken, interpolation, "mean", optimization, mean)
    assert np.isfinite(found.voxels()).all()
    assert 0 < found.hit().sum() < compounded(frames, interpolation, "mean", optimization, mean).hit().sum()


def test_types_that_are_not_compounded_are_refused() -> None:
    for kind in (np.float64, np.int32, np.uint64, bool):
        with pytest.raises(GeometryError, match=f"pixels of {np.dtype(kind)} are not compounded"):
            Compounder(Grid(SHAPE, (1, 1, 1), (0, 0, 0)), pixel_type=kind)
    compounder = Compounder(Grid(SHAPE, (1, 1, 1), (0, 0, 0)), pixel_type=np.uint16)
    with pytest.raises(GeometryError, match="of uint16, not uint8"):
        compounder.insert(np.zeros((4, 4), np.uint8), np.eye(4))


def test_dark_pixels_are_left_out_and_0_keeps_those_below_it() -> None:
    frame = np.array([[-300, -5, 10, 2000]], np.int16)
    for darkest, kept in ((0, [-300, -5, 10, 2000]), (11, [0, 0, 0, 2000])):
        for mean in ("plus", "true"):
            compounder = Compounder(
                Grid((1, 1, 4), (1, 1, 1), (0, 0, 0)), interpolation="nearest", mean=mean,  # type: ignore[arg-type]
                darkest=darkest, pixel_type=np.int16,
            )  # fmt: skip
            compounder.insert(frame, np.eye(4))
            assert compounder.voxels().ravel().tolist() == kept
