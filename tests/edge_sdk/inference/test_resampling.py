"""Resampling, against SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_sdk.inference.network_grid import NetworkGrid
from edge_sdk.inference.resampling import ResampledVoxels
from edge_sdk.volume.grid import Box, Grid, Volume

Spacing = tuple[float, float, float]


def resampled(volume: Volume, spacing: Spacing) -> tuple[NDArray[np.float32], Grid]:
    network = NetworkGrid(volume.grid, spacing)
    return ResampledVoxels(volume.voxels, network)[Box((0, 0, 0), network.shape).slices], network.grid


def ramp(shape: tuple[int, int, int], spacing: Spacing) -> Volume:
    z, y, x = np.meshgrid(*(np.arange(size) for size in shape), indexing="ij")
    direction = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return Volume((x + 10 * y + 100 * z).astype(np.float32), Grid(shape, spacing, (5.0, 6.0, 7.0), direction))


@pytest.mark.parametrize("spacing", [(0.5, 0.4, 0.5), (0.7, 0.45, 0.9), (0.25, 0.8, 1.2)])
def test_finer_grid_is_linear_interpolation_in_the_world(spacing: Spacing) -> None:
    sitk = pytest.importorskip("SimpleITK")
    volume = ramp((6, 7, 8), (1.0, 0.8, 1.2))
    voxels, grid = resampled(volume, spacing)
    image = sitk.GetImageFromArray(volume.voxels)
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction.ravel())
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            image, grid.shape[::-1], sitk.Transform(), sitk.sitkLinear, grid.origin, grid.spacing,
            grid.direction.ravel(), -1.0,
        )
    )  # fmt: skip
    inside = expected >= 0
    assert inside.mean() > 0.6
    np.testing.assert_allclose(voxels[inside], expected[inside], rtol=1e-4)


def test_coarser_grid_keeps_the_mean() -> None:
    noise = np.random.default_rng(0).normal(size=(24, 24, 24)).astype(np.float32)
    voxels, grid = resampled(Volume(noise, Grid((24, 24, 24), (0.25,) * 3, (0.0, 0.0, 0.0))), (1.0, 1.0, 1.0))
    assert grid.shape == voxels.shape == (6, 6, 6)
    assert voxels.std() < 0.35  # picking single voxels would keep it at 1
    np.testing.assert_allclose(grid.origin, 0.375)


def test_at_whole_ratios_a_finer_grid_holds_the_images_own_voxels() -> None:
    noise = np.random.default_rng(0).normal(size=(5, 6, 7)).astype(np.float32)
    voxels, grid = resampled(Volume(noise, Grid((5, 6, 7), (2.0, 2.0, 3.0), (1.0, 2.0, 3.0))), (1.0, 1.0, 1.0))
    assert grid.origin == (1.0, 2.0, 3.0)
    assert grid.shape == (15, 12, 14)
    np.testing.assert_allclose(voxels[::3, ::2, ::2], noise, rtol=1e-6)


steps = st.floats(0.2, 4.0)


@settings(max_examples=50)
@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    spacing=st.tuples(steps, steps, steps),
    low=st.tuples(*[st.floats(0, 0.9)] * 3),
    size=st.integers(1, 6),
)
def test_a_box_reads_as_part_of_the_whole_bit_for_bit(
    shape: tuple[int, int, int], spacing: Spacing, low: Spacing, size: int
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    volume = Volume(noise, Grid(shape, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))
    whole, grid = resampled(volume, spacing)
    start = [int(share * count) for share, count in zip(low, grid.shape, strict=True)]
    box = Box.between(start, np.add(start, size))
    part = ResampledVoxels(noise, NetworkGrid(volume.grid, spacing))[box.slices]
    np.testing.assert_array_equal(part, whole[box.slices])
    assert whole.min() >= noise.min() - 1e-3
    assert whole.max() <= noise.max() + 1e-3
