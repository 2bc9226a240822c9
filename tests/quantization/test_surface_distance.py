"""HD95 in mm, against an independent naive one and by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_sdk.volume.grid import Grid, Volume
from quantization.surface_distance import hd95_per_class

SPACING = (0.5, 0.8, 1.5)


def labeled(voxels: NDArray[np.uint8]) -> Volume:
    return Volume(voxels, Grid(voxels.shape, SPACING, (0.0, 0.0, 0.0)))  # type: ignore[arg-type]


def surface_mm(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Places (z, y, x) in mm of the voxels of a mask that have a neighbor outside it."""
    ndimage = pytest.importorskip("scipy.ndimage")
    edge = mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))
    return np.argwhere(edge) * SPACING[::-1]


def naive(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> float:
    apart = np.linalg.norm(surface_mm(one)[:, None] - surface_mm(two)[None], axis=2)
    return float(max(np.percentile(apart.min(axis=axis), 95) for axis in (0, 1)))


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_all_pairs_of_surface_voxels(seed: int) -> None:
    draw = np.random.default_rng(seed)
    zyx = np.indices((14, 16, 18))
    one, two = (
        sum(
            ((zyx - draw.uniform(4, 11, 3).reshape(3, 1, 1, 1)) ** 2).sum(axis=0) < draw.uniform(4, 16)
            for _ in range(2)
        ) > 0
        for _ in range(2)
    )  # fmt: skip
    found = hd95_per_class(labeled(one.astype(np.uint8)), labeled(two.astype(np.uint8)), [1])
    assert found == {1: pytest.approx(naive(one, two), rel=1e-5)}


def test_a_shift_is_its_length_along_the_axis_of_its_spacing() -> None:
    box = np.zeros((12, 12, 12), np.uint8)
    box[3:7, 3:7, 3:7] = 2
    for axis, millimeters in enumerate((1.5, 0.8, 0.5)):
        moved = labeled(np.roll(box, 2, axis))
        assert hd95_per_class(moved, labeled(box), [2]) == {2: pytest.approx(2 * millimeters)}


def test_nothing_of_the_library_is_told_to_the_user(recwarn: pytest.WarningsRecorder) -> None:
    box = np.zeros((6, 6, 6), np.uint8)
    box[2:4, 2:4, 2:4] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert hd95_per_class(labeled(box), labeled(box), [1]) == {1: 0.0}
    assert not recwarn.list


def test_an_empty_mask_costs_the_diagonal_and_two_empty_ones_nothing() -> None:
    box = np.zeros((4, 5, 6), np.uint8)
    box[1, 1, 1] = 1
    diagonal = pytest.approx(np.sqrt((4 * 1.5) ** 2 + (5 * 0.8) ** 2 + (6 * 0.5) ** 2))
    empty = labeled(np.zeros_like(box))
    assert hd95_per_class(empty, labeled(box), [1, 2]) == {1: diagonal, 2: None}
    assert hd95_per_class(labeled(box), empty, [1]) == {1: diagonal}
