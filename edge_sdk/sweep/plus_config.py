"""PLUS configuration XML: calibrations, reconstruction settings and the wires of a phantom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import GeometryError
from edge_sdk.sweep.plus_attributes import PlusAttributes
from edge_sdk.sweep.plus_grid import SavedGrid, saved_grid
from edge_sdk.sweep.plus_notes import attribute_notes, element_notes
from edge_sdk.sweep.plus_reconstruction import reconstruction_settings
from edge_sdk.sweep.warning import SweepWarning
from edge_sdk.sweep.xml_file import read_xml
from edge_sdk.volume.settings import HoleFilling, ReconstructionSettings

__all__ = ["HoleFilling", "PlusConfig", "ReconstructionSettings", "Wire", "read_plus_config", "read_xml"]

_RECONSTRUCTION = "VolumeReconstruction"


@dataclass(frozen=True)
class Wire:
    """A straight wire of a phantom; end points in mm in the Phantom frame."""

    name: str
    front: tuple[float, float, float]
    back: tuple[float, float, float]


@dataclass(frozen=True)
class PlusConfig:
    """What a configuration or a calibration result says.

    Attributes:
        transforms: 4×4 matrices by name, such as "ImageToProbe".
        reconstruction: Settings of VolumeReconstruction, or None where the file has none.
        wires: Wires of the phantom, in the file's order.
        time_offsets: Seconds that PLUS adds to a device's stamps when it records (LocalTimeOffsetSec), by the device's
            Id. What PLUS recorded has them already; recordings of other programs take poses of tracker T for images
            of scanner S with the lag time_offsets[S] - time_offsets[T].
        source: The file.
        saved_grid: OutputOrigin and OutputExtent of VolumeReconstruction, which `reconstruction` leaves out: PLUS
            computes the grid of a recording from its frames. None where the file has neither.
        notes: What the file leaves open or says in a way that PLUS has given up, and how it was taken.
    """

    transforms: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    reconstruction: ReconstructionSettings | None = None
    wires: tuple[Wire, ...] = ()
    time_offsets: dict[str, float] = field(default_factory=dict)
    source: Path | None = None
    saved_grid: SavedGrid | None = None
    notes: tuple[SweepWarning, ...] = ()

    def updated(self, later: PlusConfig) -> PlusConfig:
        """This configuration with what `later` says in its place, as a calibration result completes a device set.

        Transforms and time offsets are taken one by one, reconstruction settings and wires as a whole.
        """
        return PlusConfig(
            self.transforms | later.transforms,
            later.reconstruction or self.reconstruction,
            later.wires or self.wires,
            self.time_offsets | later.time_offsets,
            later.source or self.source,
            later.saved_grid if later.reconstruction else self.saved_grid,
            (*self.notes, *later.notes),
        )

    def with_saved_grid(self) -> PlusConfig:
        """This configuration with its saved grid in the reconstruction settings, so that the volume lies there.

        Raises:
            GeometryError: It saves none, or one that no volume can have.
        """
        saved = self.saved_grid
        if self.reconstruction is None or saved is None:
            raise GeometryError(
                "saves no grid: VolumeReconstruction has neither OutputOrigin nor OutputExtent",
                where=self.source,
                remedy="leave out --grid saved, and the grid is computed from the frames",
            )
        if saved.fault:
            raise GeometryError(
                f"saves a grid that no volume can have: {saved.fault}",
                where=self.source,
                remedy="correct OutputOrigin and OutputExtent, or leave out --grid saved",
            )
        return replace(self, reconstruction=replace(self.reconstruction, origin=saved.origin, extent=saved.extent))


def read_plus_config(path: str | Path) -> PlusConfig:
    """Read a PLUS device set, or a calibration result of fCal.

    Raises:
        FileFormatError: The file is not XML, or an attribute that is used here cannot be understood.
    """
    path = Path(path)
    root = read_xml(path)
    transforms = dict(
        PlusAttributes(element, path).named_transform()
        for parent in ("CoordinateDefinitions", "CalibrationResults")
        for element in root.iterfind(f".//{parent}/Transform")
    )
    wires = tuple(
        Wire(
            wire.get("Name", ""),
            PlusAttributes(wire, path).point("EndPointFront"),
            PlusAttributes(wire, path).point("EndPointBack"),
        )
        for wire in root.iterfind(".//PhantomDefinition/Geometry//Wire")
    )
    offsets = {
        device.get("Id", ""): PlusAttributes(device, path).number("LocalTimeOffsetSec")
        for device in root.iterfind(".//DataCollection/Device")
    }
    time_offsets = {name: offset for name, offset in offsets.items() if offset is not None}
    elements = _reconstructions(root)
    if not elements:
        return PlusConfig(transforms, None, wires, time_offsets, path)
    attributes = PlusAttributes(elements[0], path)
    return PlusConfig(
        transforms,
        reconstruction_settings(attributes),
        wires,
        time_offsets,
        path,
        saved_grid(attributes),
        (*element_notes(elements, path), *attribute_notes(attributes)),
    )


def _reconstructions(root: ElementTree.Element) -> list[ElementTree.Element]:
    """Elements VolumeReconstruction, the one in use first.

    As in PLUS's VolumeReconstructor, the one that stands directly in the document wins over those of its devices.
    """
    direct = root.findall(_RECONSTRUCTION)
    return [*direct, *(element for element in root.iter(_RECONSTRUCTION) if element not in direct)]
