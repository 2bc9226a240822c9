"""How frames become a volume."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edge_sdk.errors import GeometryError
from edge_sdk.volume.clip import ClipRegion
from edge_sdk.volume.pixel_types import UINT8

Interpolation = Literal["nearest", "linear"]
Compounding = Literal["mean", "maximum", "latest", "importance"]
Mean = Literal["true", "plus"]
PlusOptimization = Literal["FULL", "PARTIAL", "NONE"]


@dataclass(frozen=True)
class HoleFilling:
    """One element of a hole-filling chain; what a kernel does not use keeps its default.

    Attributes:
        kernel: One of HOLE_KERNELS.
        stick_length: Voxels that a stick may span, both known ends included.
        sticks: Best sticks to average.
        size: Edge of the neighborhood in voxels, odd.
        minimum_ratio: Share of the neighborhood that must be exceeded by known voxels.
        deviation: Standard deviation in voxels.
    """

    kernel: str
    stick_length: int = 9
    sticks: int = 1
    size: int = 5
    minimum_ratio: float = 0.0
    deviation: float = 0.6667


_CUBE = ("size", "minimum_ratio")
HOLE_KERNELS: dict[str, tuple[str, ...]] = {
    "STICK": ("stick_length", "sticks"),
    "NEAREST_NEIGHBOR": _CUBE,
    "GAUSSIAN": (*_CUBE, "deviation"),
    "GAUSSIAN_ACCUMULATION": (*_CUBE, "deviation"),
    "DISTANCE_WEIGHT_INVERSE": _CUBE,
}
"""PLUS's hole-filling kernels, and which attributes of `HoleFilling` each uses."""


def keeps_sums(compounding: Compounding, mean: Mean) -> bool:
    """Whether sums are kept until read-out, rather than gray levels."""
    return mean == "true" and compounding in ("mean", "importance")


def held_bytes(pixel_type: np.dtype[Any], *, sums: bool) -> int:
    """Memory that a voxel takes while frames are inserted: a level and a weight of 16 bits, or two float32 sums."""
    return 8 if sums else pixel_type.itemsize + 2


@dataclass(frozen=True)
class ReconstructionSettings:
    """How frames become a volume; the attributes of PLUS's VolumeReconstruction element.

    Attributes:
        spacing: mm per voxel (x, y, z).
        origin: First voxel's center in mm (x, y, z), or None to derive it from the frames.
        extent: First and last index per axis (x0, x1, y0, y1, z0, z1), or None to derive it from the frames.
        clip: Pixels to insert, or None for all.
        interpolation: "nearest" or "linear".
        compounding: "mean", "maximum", "latest" or "importance".
        mean: "true", or "plus" for PLUS's running mean in the pixels' type; a PLUS configuration means the latter.
        plus_optimization: Compute positions as PLUS does with this Optimization, or None for finer ones.
        importance_mask: Gray image with a weight for each pixel, for compounding "importance".
        darkest: Pixels below are left out (PLUS's PixelRejectionThreshold).
        fill_holes: Kernels to try in turn for voxels that nothing reached; empty: leave holes.
        skip_interval: Insert every n-th frame.
        image_frame: Coordinate frame of the images; None for the one that the recording's transforms tell, see
            `edge_sdk.sweep.transforms.pixel_frame`.
        world_frame: Coordinate frame of the volume.
    """

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] | None = None
    extent: tuple[int, int, int, int, int, int] | None = None
    clip: ClipRegion | None = None
    interpolation: Interpolation = "linear"
    compounding: Compounding = "mean"
    mean: Mean = "true"
    plus_optimization: PlusOptimization | None = None
    importance_mask: Path | None = None
    darkest: int = 0
    fill_holes: tuple[HoleFilling, ...] = ()
    skip_interval: int = 1
    image_frame: str | None = None
    world_frame: str = "Reference"

    def with_spacing(self, spacing: tuple[float, float, float]) -> ReconstructionSettings:
        """Other voxels over the same region: a fixed extent, which counts in voxels, is counted anew.

        Args:
            spacing: mm per voxel (x, y, z).

        Raises:
            GeometryError: The spacing is not positive.
        """
        if not min(spacing) > 0:
            raise GeometryError(
                f"the spacing is {min(spacing):g}, expected millimeters above 0", remedy="give for example 0.5"
            )
        if self.extent is None:
            return replace(self, spacing=spacing)
        x, y, z = (old / new for old, new in zip(self.spacing, spacing, strict=True))
        x0, x1, y0, y1, z0, z1 = self.extent
        extent = round(x0 * x), round(x1 * x), round(y0 * y), round(y1 * y), round(z0 * z), round(z1 * z)
        return replace(self, spacing=spacing, extent=extent)

    def bytes_per_voxel(self, pixel_type: np.dtype[Any] = UINT8) -> int:
        """Memory that a reconstruction from frames of a type takes at its peak."""
        held = held_bytes(pixel_type, sums=keeps_sums(self.compounding, self.mean))
        read_out = held_bytes(pixel_type, sums=False)
        filled, written = read_out if self.fill_holes else 0, 2 * pixel_type.itemsize
        return held + read_out + filled + written

    @property
    def compounding_text(self) -> str:
        """The compounding for people, with the kind of mean."""
        if self.compounding in ("mean", "importance"):
            return f"{self.compounding}, {'true mean' if self.mean == 'true' else 'running mean of PLUS'}"
        return self.compounding
