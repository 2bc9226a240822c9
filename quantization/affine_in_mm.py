"""Random rotation that keeps shapes rigid where voxels are no cubes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.transforms import RandAffined, RandAffineGrid
from torch import Tensor


class _RandAffineGridInMm(RandAffineGrid):  # type: ignore[misc]  # MONAI's classes are Any to mypy
    """MONAI's random affine grid, with its matrix applied to places in mm instead of voxels."""

    def __init__(self, voxels: RandAffineGrid, spacing_dhw: Sequence[float]) -> None:
        """
        Args:
            voxels: Gives the ranges of the random parameters.
            spacing_dhw: Size of a voxel along D, H and W, mm.
        """
        super().__init__(
            voxels.rotate_range, voxels.shear_range, voxels.translate_range, voxels.scale_range, dtype=voxels.dtype
        )
        self.affine: Tensor | None = None
        self._mm = torch.tensor([*spacing_dhw, 1.0])

    def __call__(self, *args: Any, grid: Any = None, **kwargs: Any) -> Tensor:
        """Places (4, D, H, W), in voxels from the middle, from which the moved volume's voxels are read."""
        mm = self._mm.to(grid.dtype).reshape(4, 1, 1, 1)
        moved: Tensor = super().__call__(*args, grid=grid * mm, **kwargs)
        if self.affine is not None:
            scale = self._mm.to(self.affine.dtype)
            self.affine = self.affine * scale[None, :] / scale[:, None]
        return moved / mm


def rand_affine(spacing_dhw: Sequence[float], **options: Any) -> RandAffined:
    """MONAI's `RandAffined`, rotating and scaling in mm.

    Args:
        spacing_dhw: Size of a voxel along D, H and W, mm; cubic voxels give exactly MONAI's own transform.
        options: As `RandAffined`.
    """
    transform = RandAffined(**options)
    if len(set(spacing_dhw)) > 1:
        inner = transform.rand_affine
        inner.rand_affine_grid = _RandAffineGridInMm(inner.rand_affine_grid, spacing_dhw)
    return transform
