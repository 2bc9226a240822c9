"""What a mask measures, class by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sdk.version import __version__
from edge_sdk.volume.grid import Volume

SCHEMA = 1
_DIGITS = 4
UNITS = {"volume": "mL", "length": "mm", "axes": "x, y, z of the volume's world frame (LPS in files)"}
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class ClassMeasurements:
    """What a mask measures of one class; without voxels, what comes after `volume_ml` is None.

    Attributes:
        label: The class's number in the mask.
        voxels: Number of voxels of the class.
        volume_ml: Volume of the voxels, in mL.
        centroid_mm: Mean of the voxels' centers (x, y, z), in mm.
        box_mm: Lower and upper corner (x, y, z) of the voxels' outer borders, in mm.
        extent_mm: Size of the box (x, y, z), in mm.
        equivalent_sphere_diameter_mm: Diameter of the sphere of the same volume, in mm.
        unseen_voxels: Voxels of the class where nothing was seen.
        faces_on_unseen_share: Share, 0 to 1, of the voxel faces that bound the class and border on what was not seen.
        cut_off: Whether one of the last two is not 0, so that the volume is a lower bound or partly a guess.
    """

    label: int
    voxels: int = 0
    volume_ml: float = 0.0
    centroid_mm: list[float] | None = None
    box_mm: list[list[float]] | None = None
    extent_mm: list[float] | None = None
    equivalent_sphere_diameter_mm: float | None = None
    unseen_voxels: int | None = None
    faces_on_unseen_share: float | None = None
    cut_off: bool | None = None


@dataclass(frozen=True)
class Measurements:
    """What a mask measures, the content of `measurements.json`; the fields' names are the file's keys.

    Attributes:
        schema: Version of the file's layout.
        sdk_version: Version of edge-sdk that measured.
        package: What identifies the network, such as its name and digest.
        units: Units of the values.
        shape_dhw: Voxels of the mask along D, H and W.
        spacing_mm_xyz: Size of a voxel along x, y and z, in mm.
        seen_share: Share of the voxels that were seen, 0 to 1.
        classes: Name of each class but the background → its measurements.
    """

    schema: int
    sdk_version: str
    package: dict[str, str]
    units: dict[str, str]
    shape_dhw: list[int]
    spacing_mm_xyz: list[float]
    seen_share: float
    classes: dict[str, ClassMeasurements]

    def as_json(self) -> dict[str, object]:
        """The content of `measurements.json`."""
        return asdict(self)


def measurements(
    mask: Volume, labels: Mapping[int, str], *, package: Mapping[str, str], seen: Bools | None = None
) -> Measurements:
    """Measure each class of a mask but the background.

    Args:
        mask: Labels (D, H, W), 0 is the background.
        labels: Label → name of the class.
        package: What identifies the network, such as its name and digest.
        seen: Which voxels were seen, (D, H, W); None: all. What lies outside the grid never was.
    """
    known = np.ones(mask.voxels.shape, np.bool_) if seen is None else seen
    return Measurements(
        schema=SCHEMA,
        sdk_version=__version__,
        package=dict(package),
        units=UNITS,
        shape_dhw=list(mask.voxels.shape),
        spacing_mm_xyz=list(mask.grid.spacing),
        seen_share=round(float(known.mean()), _DIGITS),
        classes={name: _measured(mask, label, known) for label, name in labels.items() if label},
    )


def _measured(mask: Volume, label: int, seen: Bools) -> ClassMeasurements:
    inside, grid = mask.voxels == label, mask.grid
    count = int(np.count_nonzero(inside))
    if count == 0:
        return ClassMeasurements(label)
    volume_ml = count * abs(float(np.linalg.det(grid.index_to_world[:3, :3]))) / 1000
    low, high = _box(inside, grid.index_to_world)
    unseen, faces, on_unseen = int(np.count_nonzero(inside & ~seen)), *_faces(inside, seen)
    return ClassMeasurements(
        label=label,
        voxels=count,
        volume_ml=round(volume_ml, _DIGITS + 2),
        centroid_mm=_rounded(_centroid(inside, grid.index_to_world, count)),
        box_mm=[_rounded(low), _rounded(high)],
        extent_mm=_rounded(high - low),
        equivalent_sphere_diameter_mm=round(float(np.cbrt(6000 * volume_ml / np.pi)), _DIGITS),
        unseen_voxels=unseen,
        faces_on_unseen_share=round(on_unseen / faces, _DIGITS),
        cut_off=bool(unseen or on_unseen),
    )


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _centroid(inside: Bools, index_to_world: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Mean of the voxels' centers, mm (x, y, z)."""
    index = [
        float(np.arange(length) @ np.count_nonzero(np.moveaxis(inside, axis, 0), axis=(1, 2))) / count
        for axis, length in enumerate(inside.shape)
    ]
    center: NDArray[np.float64] = (index_to_world @ (*index[::-1], 1.0))[:3]
    return center


def _box(inside: Bools, index_to_world: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner in the world of all voxels' cells: only the ends of each row can be extreme."""
    z, y = np.nonzero(inside.any(axis=2))
    rows = inside[z, y]
    first, last = rows.argmax(axis=1), rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    ends = np.stack([np.concatenate([first, last]), np.tile(y, 2), np.tile(z, 2)])
    centers = index_to_world[:3, :3] @ ends + index_to_world[:3, 3:]
    half = np.abs(index_to_world[:3, :3]).sum(axis=1) / 2
    return centers.min(axis=1) - half, centers.max(axis=1) + half


def _faces(inside: Bools, seen: Bools) -> tuple[int, int]:
    """Voxel faces between the class and the rest, and those of them behind which nothing was seen."""
    total = on_unseen = 0
    for axis in range(3):
        here, known = np.moveaxis(inside, axis, 0), np.moveaxis(seen, axis, 0)
        for near, far in ((np.s_[:-1], np.s_[1:]), (np.s_[1:], np.s_[:-1])):
            outwards = here[near] & ~here[far]
            total += int(np.count_nonzero(outwards))
            on_unseen += int(np.count_nonzero(outwards & ~known[far]))
        at_border = int(np.count_nonzero(here[0]) + np.count_nonzero(here[-1]))
        total, on_unseen = total + at_border, on_unseen + at_border
    return total, on_unseen
