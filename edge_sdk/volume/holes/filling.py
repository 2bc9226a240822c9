"""Filling voxels that no pixel reached, on read-out.

The kernels are PLUS's (PlusToolkit/IGSIO vtkIGSIOFillHolesInVolume, BSD-3), equal voxel for voxel; a module for each
family says how it is computed. Each hole depends on known voxels alone, so tiles are filled in any order, on any
number of threads, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.volume.grid import Box
from edge_sdk.volume.holes.cubes import LARGEST, cube_reach
from edge_sdk.volume.holes.nearest import NearestFiller
from edge_sdk.volume.holes.parts import FilledBox, Filler, HoleTile, KnownVoxels, begin, read_only, tile_size, tiles
from edge_sdk.volume.holes.stick import LONGEST, StickFiller, stick_reach
from edge_sdk.volume.holes.weighted import WeightedFiller, cube_weights
from edge_sdk.volume.pixel_types import checked_pixel_type
from edge_sdk.volume.settings import HOLE_KERNELS, HoleFilling
from edge_sdk.volume.workers import share

OPTIONS = {
    "stick_length": "length",
    "sticks": "sticks",
    "size": "size",
    "minimum_ratio": "ratio",
    "deviation": "stdev",
}
"""What the attributes of `HoleFilling` are called where a user gives them."""
_FILLERS: dict[str, Callable[[HoleFilling, KnownVoxels, tuple[int, int, int]], Filler]] = {
    "STICK": StickFiller,
    "NEAREST_NEIGHBOR": NearestFiller,
    "GAUSSIAN": WeightedFiller,
    "GAUSSIAN_ACCUMULATION": WeightedFiller,
    "DISTANCE_WEIGHT_INVERSE": WeightedFiller,
}


def fill_holes(
    voxels: NDArray[Any],
    hit: NDArray[np.bool_],
    filling: Sequence[HoleFilling],
    *,
    weights: NDArray[np.uint16] | None = None,
    box: Box | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Fill voxels outside `hit`; each kernel is tried on what those before it left empty.

    Only voxels of `hit` are sources, so the result does not depend on the order of filling, nor on `threads`.

    Args:
        voxels: Gray levels, (D, H, W) of a type in `edge_sdk.volume.pixel_types.PIXEL_TYPES`.
        hit: Mask of the known voxels, (D, H, W).
        filling: Kernels, in the order in which they are tried.
        weights: (D, H, W) accumulated weights, 256 for each pixel that came, above 0 where `hit`; only
            GAUSSIAN_ACCUMULATION needs them.
        box: Fill and return only this part; nothing further away from it than `reach(filling)` is read.
        threads: Most threads to use; None: as many as the process may use.

    Returns:
        A new array of the voxels' type and the volume's shape, or the box's; 0 where a hole could not be filled.

    Raises:
        GeometryError: An unknown kernel or impossible size, arrays that do not fit together, a box that does not
            lie in the volume, or weights that are needed and missing.
    """
    check_kernels(filling)
    box = box or Box((0, 0, 0), voxels.shape)
    _check_arrays(voxels, hit, weights, box)
    if weights is None and any(element.kernel == "GAUSSIAN_ACCUMULATION" for element in filling):
        raise GeometryError(
            "hole filling with GAUSSIAN_ACCUMULATION needs the accumulated weights of the voxels",
            remedy="fill where the volume is compounded, or use GAUSSIAN",
        )
    source = KnownVoxels(read_only(voxels), read_only(hit), None if weights is None else read_only(weights))
    filled = np.empty([stop - start for start, stop in zip(box.start, box.stop, strict=True)], voxels.dtype)
    if filled.size == 0:
        return filled
    size = tile_size(box, reach(filling))

    def worker() -> Callable[[HoleTile], None]:
        output = FilledBox(filled, box.start, np.empty(size, np.bool_))
        fillers = [_FILLERS[element.kernel](element, source, size) for element in filling]

        def fill(tile: HoleTile) -> None:
            holes = begin(source.voxels, source.hit, tile.start, tile.size, filled, box.start, output.holes)
            for filler in fillers if holes else ():
                filler.fill(tile, output)

        return fill

    share(tiles(box, size), worker, threads)
    return filled


def reach(filling: Sequence[HoleFilling]) -> int:
    """How far away, in voxels along each axis, a known voxel may be that a hole's value depends on."""
    return max((_reach(element) for element in filling), default=0)


def check_kernels(filling: Sequence[HoleFilling]) -> None:
    """Refuse kernels that do not exist, by name, and impossible sizes.

    Raises:
        GeometryError: A kernel does not exist, or its sizes are impossible.
    """
    for element in filling:
        if element.kernel not in HOLE_KERNELS:
            raise GeometryError(
                f"hole filling does not know the kernel {element.kernel!r}",
                remedy=f"use one of {', '.join(HOLE_KERNELS)}",
            )
        fault = impossible_value(element)
        if fault is not None:
            name, expected = fault
            raise GeometryError(
                f"hole filling {element.kernel.lower()} has {OPTIONS[name]} {getattr(element, name):g}",
                remedy=f"give {expected}",
            )


def impossible_value(element: HoleFilling) -> tuple[str, str] | None:
    """The attribute of a known kernel whose value is impossible, and what was expected; None where all are possible."""
    used = HOLE_KERNELS[element.kernel]
    for name, most in (("stick_length", LONGEST), ("size", LARGEST)):
        if name in used and not 1 <= getattr(element, name) <= most:
            return name, f"at least 1 and at most {most} voxels"
    if "sticks" in used and element.sticks < 1:
        return "sticks", "at least 1"
    if "minimum_ratio" in used and not 0 <= element.minimum_ratio <= 1:
        return "minimum_ratio", "a share between 0 and 1"
    if "deviation" in used and not (element.deviation > 0 and 0 < cube_weights(element).sum() < np.inf):
        return "deviation", "a standard deviation in voxels above 0, for example 0.6667"
    return None


def _reach(element: HoleFilling) -> int:
    return stick_reach(element) if element.kernel == "STICK" else cube_reach(element)


def _check_arrays(voxels: NDArray[Any], hit: NDArray[np.bool_], weights: NDArray[np.uint16] | None, box: Box) -> None:
    expected: dict[str, tuple[NDArray[Any] | None, np.dtype[Any]]] = {
        "voxels": (voxels, checked_pixel_type(voxels.dtype)),
        "hit": (hit, np.dtype(np.bool_)),
        "weights": (weights, np.dtype(np.uint16)),
    }
    for name, (array, kind) in expected.items():
        if array is not None and (array.ndim != 3 or array.shape != voxels.shape or array.dtype != kind):
            raise GeometryError(
                f"hole filling was given {name} of {array.dtype} {array.shape}",
                remedy=f"give arrays (D, H, W) of one shape, {name} of {kind}",
            )
    if any(not 0 <= a <= b <= n for a, b, n in zip(box.start, box.stop, voxels.shape, strict=True)):
        raise GeometryError(
            f"hole filling was asked for {box} of a volume {voxels.shape}", remedy="ask for a box inside the volume"
        )
