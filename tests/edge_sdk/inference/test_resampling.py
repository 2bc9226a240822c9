"""Resampling, against scipy and SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.inference.resampling import nearest_on, resample, same_spacing
from edge_sdk.volume.grid import Grid, Volume


def ramp(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Volume:
    z, y, x = np.meshgrid(*(np.arange(size) for size in shape), indexing="ij")
    direction = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return Volume((x + 10 * y + 100 * z).astype(np.float32), Grid(shape, spacing, (5.0, 6.0, 7.0), direction))


@pytest.mark.parametrize("spacing", [(0.5, 0.4, 0.5), (0.7, 0.45, 0.9)])
def test_finer_grid_is_linear_interpolation_in_the_world(spacing: tuple[float, float, float]) -> None:
    sitk = pytest.importorskip("SimpleITK")
    volume = ramp((6, 7, 8), (1.0, 0.8, 1.2))
    fine = resample(volume, spacing)
    image = sitk.GetImageFromArray(volume.voxels)
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction.ravel())
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            image, fine.grid.shape[::-1], sitk.Transform(), sitk.sitkLinear, fine.grid.origin, fine.grid.spacing,
            fine.grid.direction.ravel(), -1.0,
        )
    )  # fmt: skip
    inside = (slice(2, -2),) * 3
    np.testing.assert_allclose(fine.voxels[inside], expected[inside], rtol=1e-4)


def test_coarser_grid_keeps_the_mean() -> None:
    noise = np.random.default_rng(0).normal(size=(24, 24, 24)).astype(np.float32)
    volume = Volume(noise, Grid((24, 24, 24), (0.25,) * 3, (0.0, 0.0, 0.0)))
    coarse = resample(volume, (1.0, 1.0, 1.0))
    assert coarse.grid.shape == (6, 6, 6)
    assert coarse.voxels.std() < 0.35  # picking single voxels would keep it at 1
    np.testing.assert_allclose(coarse.grid.origin, 0.375)


def test_labels_come_back_where_they_were() -> None:
    labels = np.random.default_rng(0).integers(0, 4, (5, 6, 7)).astype(np.uint8)
    coarse = Volume(labels, Grid((5, 6, 7), (1.2, 1.2, 1.2), (0.0, 0.0, 0.0)))
    tripled = labels.repeat(3, 0).repeat(3, 1).repeat(3, 2)
    fine = Volume(tripled, Grid((15, 18, 21), (0.4, 0.4, 0.4), (-0.4, -0.4, -0.4)))
    np.testing.assert_array_equal(nearest_on(coarse, fine.grid), tripled)
    np.testing.assert_array_equal(nearest_on(fine, coarse.grid), labels)


def test_one_percent_is_the_same() -> None:
    grid = Grid((4, 4, 4), (0.5, 0.5, 0.504), (0.0, 0.0, 0.0))
    assert same_spacing(grid, (0.5, 0.5, 0.5))
    assert not same_spacing(grid, (0.5, 0.52, 0.5))
