"""The grid that a PLUS configuration has saved: OutputOrigin and OutputExtent of VolumeReconstruction.

PLUS's acquisition saves the grid of its last volume. Its VolumeReconstructor, and its server's ReconstructVolume,
compute the grid of a recording from the frames whatever is saved; only a live reconstruction takes the saved one.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sdk.sweep.plus_attributes import PlusAttributes

Extent = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class SavedGrid:
    """OutputOrigin and OutputExtent of a configuration that has at least one of them.

    Attributes:
        origin: Center of voxel (0, 0, 0) in mm (x, y, z), or None.
        extent: First and last index per axis (x0, x1, y0, y1, z0, z1), or None.
        fault: Why no volume can have this grid; "" where one can.
    """

    origin: tuple[float, float, float] | None = None
    extent: Extent | None = None
    fault: str = ""


def saved_grid(attributes: PlusAttributes) -> SavedGrid | None:
    """The grid that VolumeReconstruction's attributes save; None where they save none.

    Args:
        attributes: Attributes of the element.

    Raises:
        FileFormatError: One is neither blank nor made of numbers.
    """
    origin, values = attributes.triple("OutputOrigin"), attributes.numbers("OutputExtent", 6)
    extent: Extent | None = None
    fault = ""
    for name in ("OutputOrigin", "OutputExtent"):
        if attributes.element.get(name) is not None and attributes.text(name) is None:
            fault = fault or f"{name} is blank"
    if values is not None:
        x0, x1, y0, y1, z0, z1 = extent = _whole(values)
        # PLUS refuses to insert where no axis has more than one voxel, and VTK writes "0 -1" for an axis without any.
        if x1 < x0 or y1 < y0 or z1 < z0:
            fault = fault or f"OutputExtent {_text(extent)} ends before it begins"
        elif (x0, y0, z0) == (x1, y1, z1):
            fault = fault or f"OutputExtent {_text(extent)} is a single voxel"
    return None if origin is None and extent is None and not fault else SavedGrid(origin, extent, fault)


def _whole(values: tuple[float, ...]) -> Extent:
    x0, x1, y0, y1, z0, z1 = (int(value) for value in values)
    return x0, x1, y0, y1, z0, z1


def _text(extent: Extent) -> str:
    return " ".join(map(str, extent))
