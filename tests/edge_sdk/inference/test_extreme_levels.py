"""Levels far from all others, beside ordinary images that must stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_sdk.inference.extreme_levels import ExtremeLevelsWarning, level_range, without_extremes
from edge_sdk.packages.manifest import Normalization
from edge_sdk.volume.grid import Grid, Volume

ZSCORE = Normalization(kind="zscore")
SHAPE = (24, 26, 28)


def tissue(kind: str = "int16") -> NDArray[Any]:
    """Levels of 0 to 1000 or so, as MR has them."""
    return np.clip(np.random.default_rng(0).normal(400, 120, SHAPE), 0, 1000).astype(kind)


def volume(voxels: NDArray[Any]) -> Volume:
    return Volume(voxels, Grid(voxels.shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))


def set_block(voxels: NDArray[Any], value: float, size: int = 1) -> NDArray[Any]:
    changed = voxels.copy()
    changed[4 : 4 + size, 5 : 5 + size, 6 : 6 + size] = value
    return changed


@pytest.mark.parametrize("kind", ["int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("value", [30_000, 31_000])
@pytest.mark.parametrize("size", [1, 2])
def test_a_few_bright_voxels_get_a_level_from_around_them(kind: str, value: int, size: int) -> None:
    plain = tissue(kind)
    bright = set_block(plain, value, size)
    with pytest.warns(ExtremeLevelsWarning, match=rf"a\.nii: {size**3} voxels? above"):
        found = without_extremes(volume(bright), ZSCORE, where="a.nii").voxels
    assert found.dtype == plain.dtype
    assert found.max() <= plain.max()
    place = np.s_[4 : 4 + size, 5 : 5 + size, 6 : 6 + size]
    assert np.abs(found[place].astype(float) - 400).max() < 60  # the median of a hundred levels of 400 ± 120
    found[place] = plain[place]
    assert np.array_equal(found, plain)
    assert np.std(found, dtype=float) == pytest.approx(np.std(plain, dtype=float), rel=0.01)


def test_a_dark_voxel_gets_a_level_from_around_it() -> None:
    with pytest.warns(ExtremeLevelsWarning, match=r"1 voxel below .*\(down to -30000\)"):
        found = without_extremes(volume(set_block(tissue(), -30_000)), ZSCORE).voxels
    assert 300 < found[4, 5, 6] < 500


def test_padding_of_any_share_gets_the_smallest_other_level() -> None:
    padded = tissue()
    padded[:, :, :9] = -32768
    with pytest.warns(ExtremeLevelsWarning, match="down to -32768"):
        found = without_extremes(volume(padded), ZSCORE).voxels
    assert found.min() == tissue()[:, :, 9:].min()
    assert np.array_equal(found[:, :, 9:], tissue()[:, :, 9:])


def test_padding_and_a_bright_voxel_are_both_found() -> None:
    padded = tissue("float32")
    padded[:, :, :9] = -32768
    padded[10, 10, 20] = 100_000
    found = level_range(padded)
    assert (found.below, found.above) == (24 * 26 * 9, 1)
    assert found.high <= 1000


def test_a_piece_of_metal_stays_and_is_told() -> None:
    blob = set_block(tissue(), 30_000, 5)  # 0.7 % of the voxels
    with pytest.warns(ExtremeLevelsWarning, match="little contrast is left"):
        found = without_extremes(volume(blob), ZSCORE)
    assert np.array_equal(found.voxels, blob)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "voxels",
    [
        tissue(),
        np.zeros(SHAPE, np.int16),
        set_block(np.zeros(SHAPE, np.uint8), 255, 9),
        set_block(np.zeros(SHAPE, np.float32), 1.0, 2),
        np.where(tissue("float32") > 500, tissue("float32"), np.float32(0)),
        set_block(np.random.default_rng(1).normal(20, 5, SHAPE).astype(np.float32), 200, 2),
        np.random.default_rng(2).exponential(30, SHAPE).astype(np.float32),
        tissue("float32") - 1024,
    ],
    ids=["tissue", "empty", "mask", "small mask", "skull-stripped", "small lesion", "speckle", "CT"],
)
def test_ordinary_images_stay_as_they_are(voxels: NDArray[Any]) -> None:
    given_volume = volume(voxels)
    assert without_extremes(given_volume, ZSCORE) is given_volume


@pytest.mark.filterwarnings("error")
def test_fixed_normalizations_do_not_look_at_other_voxels() -> None:
    bright = volume(set_block(tissue(), 30_000))
    assert without_extremes(bright, Normalization(shift=96.0, scale=64.0)) is bright


@given(st.floats(30, 1e6), st.integers(0, 2**16))
def test_one_voxel_of_any_size_leaves_mean_and_deviation(factor: float, seed: int) -> None:
    plain = np.random.default_rng(seed).uniform(0, 1, (12, 12, 12))
    bright = set_block(plain, factor)
    found = level_range(bright)
    assert found.above == 1
    clipped = np.clip(bright, found.low, found.high)
    assert clipped.mean() == pytest.approx(plain.mean(), abs=2e-3)
    assert clipped.std() == pytest.approx(plain.std(), rel=5e-3)
