"""Rotation of training patches: rigid in mm, and MONAI's own where voxels are cubes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from monai.transforms import RandAffined

from quantization.affine_in_mm import rand_affine

OPTIONS = {
    "keys": ("image", "label"),
    "prob": 1.0,
    "rotate_range": (math.pi,) * 3,
    "mode": ("bilinear", "nearest"),
    "padding_mode": "border",
}


def ball(shape: tuple[int, int, int], spacing: tuple[float, float, float], radius_mm: float) -> torch.Tensor:
    """1 inside a ball about the middle; (1, D, H, W)."""
    places = np.indices(shape).reshape(3, -1).T - (np.array(shape) - 1) / 2
    inside = np.linalg.norm(places * spacing, axis=1) <= radius_mm
    return torch.from_numpy(inside.reshape(1, *shape).astype(np.float32))


def extents_mm(mask: np.ndarray, spacing: tuple[float, float, float]) -> list[float]:
    """Standard deviation of the places of the voxels along the principal axes, mm."""
    places = np.argwhere(mask) * spacing
    return [float(value) for value in np.sqrt(np.linalg.eigvalsh(np.cov(places.T)))]


@pytest.mark.parametrize("spacing", [(5.0, 0.8, 0.8), (0.8, 5.0, 0.8), (2.0, 1.0, 0.5)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_a_ball_of_20_mm_stays_one(spacing: tuple[float, float, float], seed: int) -> None:
    shape = tuple(round(60 / step) | 1 for step in spacing)
    before = ball(shape, spacing, 10.0)  # type: ignore[arg-type]
    transform = rand_affine(spacing, **OPTIONS).set_random_state(seed=seed)
    after = transform({"image": before, "label": before})["label"].numpy()[0] > 0.5
    # A solid ball of radius r has the standard deviation r / sqrt(5) along each axis.
    assert extents_mm(after, spacing) == pytest.approx([10 / math.sqrt(5)] * 3, rel=0.12)
    assert after.sum() == pytest.approx(float(before.sum()), rel=0.1)


def test_a_rod_keeps_its_length_and_turns() -> None:
    spacing, shape = (5.0, 0.8, 0.8), (13, 75, 75)
    rod = torch.zeros(1, *shape)
    rod[0, 5:8, 35:40, 12:63] = 1  # 15×4×40.8 mm
    turns = []
    for seed in range(6):
        transform = rand_affine(spacing, **OPTIONS).set_random_state(seed=seed)
        after = transform({"image": rod, "label": rod})["label"].numpy()[0] > 0.5
        places = np.argwhere(after) * spacing
        spread, axes = np.linalg.eigh(np.cov(places.T))
        turns.append(abs(axes[2, -1]))
        assert math.sqrt(12 * spread[-1]) == pytest.approx(40.8, rel=0.1)
    assert min(turns) < 0.7


def test_cubic_voxels_get_what_monai_gives_bit_for_bit() -> None:
    item = {"image": torch.rand(1, 12, 14, 16), "label": torch.rand(1, 12, 14, 16)}
    ours = rand_affine((0.7, 0.7, 0.7), **OPTIONS, scale_range=(0.2,) * 3).set_random_state(seed=5)(item)
    theirs = RandAffined(**OPTIONS, scale_range=(0.2,) * 3).set_random_state(seed=5)(item)
    for key in item:
        assert torch.equal(ours[key].as_tensor(), theirs[key].as_tensor())


def test_the_matrix_that_is_kept_is_the_one_in_voxels() -> None:
    transform = rand_affine((5.0, 0.8, 0.8), **OPTIONS).set_random_state(seed=1)
    transform({"image": torch.rand(1, 6, 20, 20), "label": torch.rand(1, 6, 20, 20)})
    matrix = transform.rand_affine.rand_affine_grid.get_transformation_matrix().numpy()[:3, :3]
    mm = np.diag([5.0, 0.8, 0.8])
    turned = mm @ matrix @ np.linalg.inv(mm)
    assert turned @ turned.T == pytest.approx(np.eye(3), abs=1e-5)
