"""The element VolumeReconstruction of a PLUS configuration as reconstruction settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from edge_sdk.sweep.plus_attributes import PlusAttributes
from edge_sdk.sweep.transforms import capitalized
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.settings import (
    HOLE_KERNELS,
    Compounding,
    HoleFilling,
    Interpolation,
    PlusOptimization,
    ReconstructionSettings,
)

_INTERPOLATION: dict[str, Interpolation] = {"NEAREST_NEIGHBOR": "nearest", "LINEAR": "linear"}
_COMPOUNDING: dict[str, Compounding] = {
    "MEAN": "mean",
    "MAXIMUM": "maximum",
    "LATEST": "latest",
    "IMPORTANCE_MASK": "importance",
}
_OPTIMIZATION: dict[str, PlusOptimization] = {"FULL": "FULL", "PARTIAL": "PARTIAL", "NONE": "NONE"}
_NOT_IMPLEMENTED = ("EnableFanAnglesAutoDetect", "RecomputeOutputSpacing")
"""Attributes that change PLUS's output and are not implemented; `_OFF` turns them off."""
_OFF = {"FALSE", "OFF", "0", "NO"}
FAN_ORIGIN, FAN_RADIUS = (0.0, 0.0), (0.0, 500.0)
"""PLUS's defaults of a fan whose angles are given, in pixels: apex (x, y), first and last distance from it."""
_HOLE_FILLING = {
    "stick_length": "StickLengthLimit",
    "sticks": "NumberOfSticksToUse",
    "size": "Size",
    "minimum_ratio": "MinimumKnownVoxelsRatio",
    "deviation": "Stdev",
}
"""PLUS's names of the attributes of `HoleFilling`."""


def clip_of_attributes(attributes: Mapping[str, str], source: Path) -> ClipRegion | None:
    """The clip region that VolumeReconstruction's attributes ClipRectangle… and Fan… describe, if any.

    Args:
        attributes: Text by PLUS's name.
        source: Named in errors.

    Raises:
        FileFormatError: One cannot be understood.
    """
    return _clip(PlusAttributes(ElementTree.Element("header", dict(attributes)), source))


def reconstruction_settings(attributes: PlusAttributes) -> ReconstructionSettings:
    """Settings of an element VolumeReconstruction, with PLUS's defaults for what it leaves out.

    OutputOrigin and OutputExtent are left to `plus_grid.saved_grid`.

    Args:
        attributes: Attributes of the element.

    Raises:
        FileFormatError: One cannot be understood.
    """
    spacing = attributes.triple("OutputSpacing")
    if spacing is None or min(spacing) <= 0:
        raise attributes.wrong("OutputSpacing", "absent or not positive", "three numbers in mm")
    for name in _NOT_IMPLEMENTED:
        if (text := attributes.text(name)) is not None and text.upper() not in _OFF:
            raise attributes.wrong(name, repr(text), "it absent: it is not implemented")
    image_frame = attributes.text("ImageCoordinateFrame")
    skip = attributes.number("SkipInterval")
    rejection = attributes.number("PixelRejectionThreshold")
    fill = attributes.choice("FillHoles", {"ON": True, "OFF": False}, "OFF")
    return ReconstructionSettings(
        spacing=spacing,
        clip=_clip(attributes),
        interpolation=attributes.choice("Interpolation", _INTERPOLATION, "NEAREST_NEIGHBOR"),
        compounding=attributes.choice("CompoundingMode", _COMPOUNDING, _old_compounding(attributes)),
        mean="plus",
        plus_optimization=attributes.choice("Optimization", _OPTIMIZATION, "FULL"),
        importance_mask=_importance_mask(attributes),
        darkest=0 if rejection is None else math.ceil(min(max(0.0, rejection), 1e6)),
        fill_holes=_hole_filling(attributes) if fill else (),
        skip_interval=1 if skip is None else max(1, int(skip)),
        image_frame=None if image_frame is None else capitalized(image_frame),
        world_frame=capitalized(attributes.text("ReferenceCoordinateFrame") or "Reference"),
    )


def _old_compounding(attributes: PlusAttributes) -> str:
    """What PLUS derives from the deprecated attributes Calculation and Compounding; MEAN without them."""
    if (attributes.text("Calculation") or "").upper() == "MAXIMUM":
        return "MAXIMUM"
    return attributes.choice("Compounding", {"ON": "MEAN", "OFF": "LATEST"}, "ON")


def _importance_mask(attributes: PlusAttributes) -> Path | None:
    """The mask's file; a relative name counts from the configuration's folder."""
    name = attributes.text("ImportanceMaskFilename")
    return attributes.path.parent / name if name else None


def _clip(attributes: PlusAttributes) -> ClipRegion | None:
    origin = attributes.pair("ClipRectangleOrigin") or (0, 0)
    size = attributes.pair("ClipRectangleSize")
    if size is not None and min(size) <= 0:
        size = None
    angles = fan_angles(attributes)
    fan = None
    if angles is not None:
        apex = attributes.pair(attributes.present("FanOriginPixel", "FanOrigin"))
        stop = attributes.number(attributes.present("FanRadiusStopPixel", "FanDepth"))
        start = attributes.number("FanRadiusStartPixel")
        fan = Fan(
            angles,
            FAN_ORIGIN if apex is None else apex,
            (FAN_RADIUS[0] if start is None else start, FAN_RADIUS[1] if stop is None else stop),
        )
    return None if size is None and fan is None else ClipRegion(origin, size, fan)


def fan_angles(attributes: PlusAttributes) -> tuple[float, float] | None:
    """Angles of the fan in degrees, left and right of the middle; None where there is no fan."""
    angles = attributes.pair(attributes.present("FanAnglesDeg", "FanAngles"))
    return angles if angles is not None and any(angles) else None


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
