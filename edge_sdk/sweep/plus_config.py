"""PLUS configuration XML: calibrations, reconstruction settings and the wires of a phantom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.plus_attributes import PlusAttributes
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.settings import (
    HOLE_KERNELS,
    Compounding,
    HoleFilling,
    Interpolation,
    PlusOptimization,
    ReconstructionSettings,
)

__all__ = ["HoleFilling", "PlusConfig", "ReconstructionSettings", "Wire", "read_plus_config", "read_xml"]

_INTERPOLATION: dict[str, Interpolation] = {"NEAREST_NEIGHBOR": "nearest", "LINEAR": "linear"}
_COMPOUNDING: dict[str, Compounding] = {
    "MEAN": "mean",
    "MAXIMUM": "maximum",
    "LATEST": "latest",
    "IMPORTANCE_MASK": "importance",
}
_OPTIMIZATION: dict[str, PlusOptimization] = {"FULL": "FULL", "PARTIAL": "PARTIAL", "NONE": "NONE"}
_OFF = {
    "EnableFanAnglesAutoDetect": "FALSE",
    "RecomputeOutputSpacing": "FALSE",
}
"""Attributes that change PLUS's output and are not implemented, with the value that turns them off."""
_HOLE_FILLING = {
    "stick_length": "StickLengthLimit",
    "sticks": "NumberOfSticksToUse",
    "size": "Size",
    "minimum_ratio": "MinimumKnownVoxelsRatio",
    "deviation": "Stdev",
}
"""PLUS's names of the attributes of `HoleFilling`."""


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
    """

    transforms: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    reconstruction: ReconstructionSettings | None = None
    wires: tuple[Wire, ...] = ()
    time_offsets: dict[str, float] = field(default_factory=dict)
    source: Path | None = None

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
        )


def read_plus_config(path: str | Path) -> PlusConfig:
    """Read a PLUS device set, or a calibration result of fCal.

    Raises:
        FileFormatError: The file is not XML, or an attribute that is used here cannot be understood.
    """
    path = Path(path)
    root = read_xml(path)
    transforms = {
        f"{element.get('From')}To{element.get('To')}": PlusAttributes(element, path).transform()
        for parent in ("CoordinateDefinitions", "CalibrationResults")
        for element in root.iterfind(f".//{parent}/Transform")
    }
    wires = tuple(
        Wire(
            wire.get("Name", ""),
            PlusAttributes(wire, path).point("EndPointFront"),
            PlusAttributes(wire, path).point("EndPointBack"),
        )
        for wire in root.iterfind(".//PhantomDefinition/Geometry//Wire")
    )
    element = root.find(".//VolumeReconstruction")
    settings = None if element is None else _reconstruction(PlusAttributes(element, path))
    offsets = {
        device.get("Id", ""): PlusAttributes(device, path).number("LocalTimeOffsetSec")
        for device in root.iterfind(".//DataCollection/Device")
    }
    return PlusConfig(
        transforms, settings, wires, {name: offset for name, offset in offsets.items() if offset is not None}, path
    )


def read_xml(path: Path) -> ElementTree.Element:
    """Root element of an XML file.

    Raises:
        FileFormatError: The file is missing or is not well-formed XML.
    """
    try:
        return ElementTree.parse(path).getroot()
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", where=path, remedy="check the path") from error
    except ElementTree.ParseError as error:
        raise FileFormatError(
            f"is not a PLUS configuration: {error}", where=path, remedy="give a well-formed XML file"
        ) from error


def clip_of_attributes(attributes: Mapping[str, str], source: Path) -> ClipRegion | None:
    """The clip region that VolumeReconstruction's attributes ClipRectangle… and Fan… describe, if any.

    Args:
        attributes: Text by PLUS's name.
        source: Named in errors.

    Raises:
        FileFormatError: One cannot be understood, or a fan is incomplete.
    """
    return _clip(PlusAttributes(ElementTree.Element("header", dict(attributes)), source))


def _reconstruction(attributes: PlusAttributes) -> ReconstructionSettings:
    spacing = attributes.triple("OutputSpacing")
    if spacing is None or min(spacing) <= 0:
        raise attributes.wrong("OutputSpacing", "absent or not positive", "three numbers in mm")
    for name, off in _OFF.items():
        if attributes.element.get(name, off).upper() != off:
            raise attributes.wrong(name, repr(attributes.element.get(name)), "it absent: it is not implemented")
    skip = attributes.number("SkipInterval")
    rejection = attributes.number("PixelRejectionThreshold")
    fill = attributes.choice("FillHoles", {"ON": True, "OFF": False}, "OFF")
    return ReconstructionSettings(
        spacing=spacing,
        origin=attributes.triple("OutputOrigin"),
        extent=_extent(attributes),
        clip=_clip(attributes),
        interpolation=attributes.choice("Interpolation", _INTERPOLATION, "NEAREST_NEIGHBOR"),
        compounding=attributes.choice("CompoundingMode", _COMPOUNDING, _old_compounding(attributes)),
        mean="plus",
        plus_optimization=attributes.choice("Optimization", _OPTIMIZATION, "FULL"),
        importance_mask=_importance_mask(attributes),
        darkest=0 if rejection is None else math.ceil(min(max(0.0, rejection), 1e6)),
        fill_holes=_hole_filling(attributes) if fill else (),
        skip_interval=1 if skip is None else max(1, int(skip)),
        image_frame=attributes.element.get("ImageCoordinateFrame", "Image"),
        world_frame=attributes.element.get("ReferenceCoordinateFrame", "Reference"),
    )


def _extent(attributes: PlusAttributes) -> tuple[int, int, int, int, int, int] | None:
    """First and last index per axis (x0, x1, y0, y1, z0, z1)."""
    values = attributes.numbers("OutputExtent", 6)
    if values is None:
        return None
    x0, x1, y0, y1, z0, z1 = (int(value) for value in values)
    return x0, x1, y0, y1, z0, z1


def _old_compounding(attributes: PlusAttributes) -> str:
    """What PLUS derives from the deprecated attributes Calculation and Compounding."""
    if attributes.element.get("Calculation", "").upper() == "MAXIMUM":
        return "MAXIMUM"
    return "MEAN" if attributes.element.get("Compounding", "").upper() == "ON" else "LATEST"


def _importance_mask(attributes: PlusAttributes) -> Path | None:
    """The mask's file; a relative name counts from the configuration's folder."""
    name = attributes.element.get("ImportanceMaskFilename")
    return attributes.path.parent / name if name else None


def _clip(attributes: PlusAttributes) -> ClipRegion | None:
    origin = attributes.pair("ClipRectangleOrigin") or (0, 0)
    size = attributes.pair("ClipRectangleSize")
    if size is not None and min(size) <= 0:
        size = None
    angles = attributes.pair(attributes.present("FanAnglesDeg", "FanAngles"))
    fan = None
    if angles is not None and any(angles):
        apex = attributes.pair(attributes.present("FanOriginPixel", "FanOrigin"))
        stop = attributes.number(attributes.present("FanRadiusStopPixel", "FanDepth"))
        if apex is None or stop is None:
            raise attributes.wrong(
                "FanAnglesDeg", "without an apex or a radius", "FanOriginPixel and FanRadiusStopPixel"
            )
        start = attributes.number("FanRadiusStartPixel")
        fan = Fan(angles, apex, (0.0 if start is None else start, stop))
    return None if size is None and fan is None else ClipRegion(origin, size, fan)


def _hole_filling(attributes: PlusAttributes) -> tuple[HoleFilling, ...]:
    elements = attributes.element.findall("HoleFilling/HoleFillingElement")
    if not elements:
        raise attributes.wrong("FillHoles", "ON without a HoleFilling element", "at least one HoleFillingElement")
    return tuple(_hole_filling_element(PlusAttributes(element, attributes.path)) for element in elements)


def _hole_filling_element(attributes: PlusAttributes) -> HoleFilling:
    """One kernel; PLUS requires all attributes that it uses."""
    from edge_sdk.volume.holes.filling import impossible_value

    kernel, used = attributes.choice("Type", {name: (name, used) for name, used in HOLE_KERNELS.items()}, "")
    unused = HoleFilling(kernel)

    def given(field_name: str, default: float) -> float:
        if field_name not in used:
            return default
        value = attributes.number(_HOLE_FILLING[field_name])
        if value is None:
            raise attributes.wrong(_HOLE_FILLING[field_name], "absent", f"it given for {kernel}")
        return value

    element = HoleFilling(
        kernel,
        stick_length=int(given("stick_length", unused.stick_length)),
        sticks=int(given("sticks", unused.sticks)),
        size=int(given("size", unused.size)),
        minimum_ratio=given("minimum_ratio", unused.minimum_ratio),
        deviation=given("deviation", unused.deviation),
    )
    fault = impossible_value(element)
    if fault is not None:
        field_name, expected = fault
        raise attributes.wrong(_HOLE_FILLING[field_name], f"{getattr(element, field_name):g} for {kernel}", expected)
    return element
