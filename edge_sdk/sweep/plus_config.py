"""PLUS configuration XML: calibrations, reconstruction settings and the wires of a phantom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.settings import HOLE_KERNELS, HoleFilling, ReconstructionSettings

__all__ = ["HoleFilling", "PlusConfig", "ReconstructionSettings", "Wire", "read_plus_config", "read_xml"]

_INTERPOLATION = {"NEAREST_NEIGHBOR": "nearest", "LINEAR": "linear"}
_COMPOUNDING = {"MEAN": "mean", "MAXIMUM": "maximum", "LATEST": "latest", "IMPORTANCE_MASK": "importance"}
_OPTIMIZATION = {"FULL": "FULL", "PARTIAL": "PARTIAL", "NONE": "NONE"}
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
        f"{element.get('From')}To{element.get('To')}": _Attributes(element, path).transform()
        for parent in ("CoordinateDefinitions", "CalibrationResults")
        for element in root.iterfind(f".//{parent}/Transform")
    }
    wires = tuple(
        Wire(
            wire.get("Name", ""),
            _Attributes(wire, path).required("EndPointFront", 3),
            _Attributes(wire, path).required("EndPointBack", 3),
        )
        for wire in root.iterfind(".//PhantomDefinition/Geometry//Wire")
    )
    element = root.find(".//VolumeReconstruction")
    settings = None if element is None else _reconstruction(_Attributes(element, path))
    offsets = {
        device.get("Id", ""): _Attributes(device, path).numbers("LocalTimeOffsetSec", 1)
        for device in root.iterfind(".//DataCollection/Device")
    }
    return PlusConfig(
        transforms, settings, wires, {name: offset[0] for name, offset in offsets.items() if offset}, path
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
    return _clip(_Attributes(ElementTree.Element("header", dict(attributes)), source))


class _Attributes:
    """Attributes of one element, converted, with errors that name the file and the attribute."""

    def __init__(self, element: ElementTree.Element, path: Path) -> None:
        self.element, self.path = element, path

    def numbers(self, name: str, count: int) -> Any:
        """`count` floats as a tuple, or None where the attribute is absent."""
        text = self.element.get(name)
        if text is None:
            return None
        try:
            values = tuple(float(word) for word in text.split())
        except ValueError:
            values = ()
        if len(values) != count or not np.isfinite(values).all():
            raise FileFormatError(
                f"{self.element.tag} has {name}={' '.join(text.split())[:60]!r}, expected {count} numbers",
                where=self.path,
                remedy="correct the attribute",
            )
        return values

    def first(self, names: tuple[str, ...], count: int) -> Any:
        """`numbers` of the first attribute present (the others are PLUS's deprecated names)."""
        return next((value for name in names if (value := self.numbers(name, count)) is not None), None)

    def required(self, name: str, count: int) -> Any:
        """`numbers` of an attribute that must be there."""
        values = self.numbers(name, count)
        if values is None:
            raise self.wrong(name, "absent", f"{count} numbers")
        return values

    def matrix(self, name: str) -> NDArray[np.float64]:
        """A 4×4 matrix, written row by row."""
        return np.array(self.required(name, 16)).reshape(4, 4)

    def transform(self) -> NDArray[np.float64]:
        """The 4×4 matrix of a Transform, which must have an inverse."""
        matrix = self.matrix("Matrix")
        if np.linalg.matrix_rank(matrix) < 4:
            name = f"{self.element.get('From')}To{self.element.get('To')}"
            raise FileFormatError(
                f"the Matrix of {name} has no inverse",
                where=self.path,
                remedy="calibrate again, or give a calibration result in its place",
            )
        return matrix

    def choice(self, name: str, known: dict[str, Any], default: str) -> Any:
        word = self.element.get(name, default)
        if word.upper() not in known:
            raise self.wrong(name, repr(word), f"one of {', '.join(known)}")
        return known[word.upper()]

    def wrong(self, name: str, given: str, expected: str) -> FileFormatError:
        return FileFormatError(
            f"{self.element.tag} has {name} {given}, expected {expected}",
            where=self.path,
            remedy="correct the attribute",
        )


def _reconstruction(attributes: _Attributes) -> ReconstructionSettings:
    spacing = attributes.numbers("OutputSpacing", 3)
    if spacing is None or min(spacing) <= 0:
        raise attributes.wrong("OutputSpacing", "absent or not positive", "three numbers in mm")
    for name, off in _OFF.items():
        if attributes.element.get(name, off).upper() != off:
            raise attributes.wrong(name, repr(attributes.element.get(name)), "it absent: it is not implemented")
    extent = attributes.numbers("OutputExtent", 6)
    skip = attributes.numbers("SkipInterval", 1) or (1.0,)
    rejection = attributes.numbers("PixelRejectionThreshold", 1) or (0.0,)
    fill = attributes.choice("FillHoles", {"ON": True, "OFF": False}, "OFF")
    return ReconstructionSettings(
        spacing=spacing,
        origin=attributes.numbers("OutputOrigin", 3),
        extent=None if extent is None else tuple(int(value) for value in extent),  # type: ignore[arg-type]
        clip=_clip(attributes),
        interpolation=attributes.choice("Interpolation", _INTERPOLATION, "NEAREST_NEIGHBOR"),
        compounding=attributes.choice("CompoundingMode", _COMPOUNDING, _old_compounding(attributes)),
        mean="plus",
        plus_optimization=attributes.choice("Optimization", _OPTIMIZATION, "FULL"),
        importance_mask=_importance_mask(attributes),
        darkest=math.ceil(min(max(0.0, rejection[0]), 1e6)),
        fill_holes=_hole_filling(attributes) if fill else (),
        skip_interval=max(1, int(skip[0])),
        image_frame=attributes.element.get("ImageCoordinateFrame", "Image"),
        world_frame=attributes.element.get("ReferenceCoordinateFrame", "Reference"),
    )


def _old_compounding(attributes: _Attributes) -> str:
    """What PLUS derives from the deprecated attributes Calculation and Compounding."""
    if attributes.element.get("Calculation", "").upper() == "MAXIMUM":
        return "MAXIMUM"
    return "MEAN" if attributes.element.get("Compounding", "").upper() == "ON" else "LATEST"


def _importance_mask(attributes: _Attributes) -> Path | None:
    """The mask's file; a relative name counts from the configuration's folder."""
    name = attributes.element.get("ImportanceMaskFilename")
    return attributes.path.parent / name if name else None


def _clip(attributes: _Attributes) -> ClipRegion | None:
    origin = attributes.numbers("ClipRectangleOrigin", 2) or (0, 0)
    size = attributes.numbers("ClipRectangleSize", 2)
    if size is not None and min(size) <= 0:
        size = None
    angles = attributes.first(("FanAnglesDeg", "FanAngles"), 2)
    fan = None
    if angles is not None and any(angles):
        apex = attributes.first(("FanOriginPixel", "FanOrigin"), 2)
        stop = attributes.first(("FanRadiusStopPixel", "FanDepth"), 1)
        if apex is None or stop is None:
            raise attributes.wrong(
                "FanAnglesDeg", "without an apex or a radius", "FanOriginPixel and FanRadiusStopPixel"
            )
        start = attributes.numbers("FanRadiusStartPixel", 1) or (0.0,)
        fan = Fan(angles, apex, (start[0], stop[0]))
    return None if size is None and fan is None else ClipRegion(origin, size, fan)


def _hole_filling(attributes: _Attributes) -> tuple[HoleFilling, ...]:
    elements = attributes.element.findall("HoleFilling/HoleFillingElement")
    if not elements:
        raise attributes.wrong("FillHoles", "ON without a HoleFilling element", "at least one HoleFillingElement")
    return tuple(_hole_filling_element(_Attributes(element, attributes.path)) for element in elements)


def _hole_filling_element(attributes: _Attributes) -> HoleFilling:
    """One kernel; PLUS requires all attributes that it uses."""
    from edge_sdk.volume.holes.filling import impossible_value

    kernel, used = attributes.choice("Type", {name: (name, used) for name, used in HOLE_KERNELS.items()}, "")
    values = {}
    for field_name in used:
        name = _HOLE_FILLING[field_name]
        value = attributes.numbers(name, 1)
        if value is None:
            raise attributes.wrong(name, "absent", f"it given for {kernel}")
        values[field_name] = value[0] if field_name in ("minimum_ratio", "deviation") else int(value[0])
    element = HoleFilling(kernel, **values)
    fault = impossible_value(element)
    if fault is not None:
        field_name, expected = fault
        raise attributes.wrong(_HOLE_FILLING[field_name], f"{getattr(element, field_name):g} for {kernel}", expected)
    return element
