"""The phantom: structures with a label, an echogenicity and an attenuation, sampled on any grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.simulation.shapes import Points, Shape
from edge_sdk.volume.grid import Grid

BACKGROUND, VESSEL, CYST, LESION = 0, 1, 2, 3
LABEL_NAMES = {BACKGROUND: "background", VESSEL: "vessel", CYST: "cyst", LESION: "lesion"}


@dataclass(frozen=True)
class Material:
    """What ultrasound meets.

    Attributes:
        label: Label of voxels of this material.
        echo_db: Backscatter relative to the background tissue, dB.
        attenuation: Two-way attenuation, dB per mm of depth.
    """

    label: int
    echo_db: float
    attenuation: float


# Soft tissue: about 0.5 dB/cm/MHz one way at 5 MHz, there and back.
TISSUE = Material(BACKGROUND, 0.0, 0.50)


@dataclass(frozen=True)
class Structure:
    """One body: the union of its shapes, of one material."""

    material: Material
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Phantom:
    """Structures in background tissue; later ones cover earlier ones.

    Attributes:
        structures: In painting order, in phantom coordinates (mm).
        origin: Phantom's origin in the world frame, mm; the axes are the world's.
        variation_db: Standard deviation of the tissue's slow echogenicity variation, dB.
        seed: Of that variation and of the scatterers.
    """

    structures: tuple[Structure, ...]
    origin: Points
    variation_db: float
    seed: int

    def materials(self, grid: Grid) -> NDArray[np.uint8]:
        """Index into `palette` for every voxel center, (D, H, W) uint8."""
        index = np.zeros(grid.shape, np.uint8)
        for number, structure in enumerate(self.structures, start=1):
            for shape in structure.shapes:
                _paint(index, grid, shape, self.origin, number)
        return index

    @property
    def palette(self) -> tuple[Material, ...]:
        """Materials by the index that `materials` gives; 0 is the background tissue."""
        return (TISSUE, *(structure.material for structure in self.structures))

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Label at every voxel center of any grid, (D, H, W) uint8; exact, not resampled."""
        lookup = np.array([material.label for material in self.palette], np.uint8)
        return np.asarray(lookup[self.materials(grid)])


def _paint(index: NDArray[np.uint8], grid: Grid, shape: Shape, origin: Points, number: int) -> None:
    """Sets `number` at the voxels inside the shape, visiting only the box around it."""
    world_to_index = np.linalg.inv(grid.index_to_world)
    cover = shape.spheres()
    # A sphere of radius r spans r · |row| voxels of an axis, whatever the grid's direction.
    reach = cover.radii[:, None] * np.linalg.norm(world_to_index[:3, :3], axis=1)
    centers = (cover.centers + origin) @ world_to_index[:3, :3].T + world_to_index[:3, 3]
    size = np.array(grid.shape[::-1])
    low = np.clip(np.floor((centers - reach).min(axis=0)), 0, size).astype(int)
    high = np.clip(np.ceil((centers + reach).max(axis=0)) + 1, 0, size).astype(int)
    if (low >= high).any():
        return
    z, y, x = np.meshgrid(*(np.arange(low[a], high[a]) for a in (2, 1, 0)), indexing="ij")
    voxels = np.stack([x, y, z], axis=-1).astype(float)
    points = voxels @ grid.index_to_world[:3, :3].T + (grid.index_to_world[:3, 3] - origin)
    box = index[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    box[shape.inside(points)] = number
