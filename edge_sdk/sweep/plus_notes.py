"""What a PLUS configuration leaves open, or says under names that PLUS has given up, and how it was taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from edge_sdk.sweep.plus_attributes import PlusAttributes
from edge_sdk.sweep.plus_reconstruction import FAN_ORIGIN, FAN_RADIUS, fan_angles
from edge_sdk.sweep.warning import SweepWarning

_OLDER = {
    "FanAngles": "FanAnglesDeg",
    "FanOrigin": "FanOriginPixel",
    "FanDepth": "FanRadiusStopPixel",
    "Compounding": "CompoundingMode",
    "Calculation": "CompoundingMode",
}
"""Attributes that PLUS has given up, and what it has in their place (IGSIO's list of 2014)."""
_REMEDY = "write the attributes as today's PLUS does"


def attribute_notes(attributes: PlusAttributes) -> Iterator[SweepWarning]:
    """Notes on the attributes of VolumeReconstruction.

    Args:
        attributes: Attributes of the element.
    """
    where = attributes.path.name
    older = {old: new for old, new in _OLDER.items() if attributes.text(old) is not None}
    if older:
        names = ", ".join(f"{old} (today {new})" for old, new in older.items())
        unused = [old for old, new in older.items() if attributes.text(new) is not None]
        what = f"{where} has older names of attributes: {names}"
        if unused:
            what = f"{what}; not used, because the new one is there: {', '.join(unused)}"
        yield SweepWarning(what, "the configuration was written for an older PLUS", _REMEDY)
    if all(attributes.text(name) is None for name in ("CompoundingMode", "Compounding", "Calculation")):
        yield SweepWarning(
            f"{where} has no CompoundingMode, and MEAN is taken as by today's PLUS",
            "the configuration was written for an older PLUS, or is not complete",
            "add CompoundingMode, or give --compounding",
        )
    absent = _absent_of_fan(attributes)
    if absent:
        yield SweepWarning(
            f"{where} gives the angles of a fan without {' and '.join(absent)}; PLUS's default is taken",
            "the configuration is not complete",
            "add the attributes, in pixels",
        )


def element_notes(elements: Sequence[ElementTree.Element], path: Path) -> Iterator[SweepWarning]:
    """A note where a file has several elements VolumeReconstruction that differ.

    Args:
        elements: All of them, the one in use first.
        path: The file.
    """
    if any(_content(element) != _content(elements[0]) for element in elements[1:]):
        yield SweepWarning(
            f"{path.name} has {len(elements)} elements VolumeReconstruction that differ, and "
            f"the one with OutputSpacing {elements[0].get('OutputSpacing', '')!r} is used",
            "several devices of the configuration reconstruct a volume",
            "give a configuration with one of them",
        )


def _content(element: ElementTree.Element) -> bytes:
    return ElementTree.canonicalize(ElementTree.tostring(element, "unicode"), strip_text=True).encode()


def _absent_of_fan(attributes: PlusAttributes) -> list[str]:
    if fan_angles(attributes) is None:
        return []
    needed = {
        ("FanOriginPixel", "FanOrigin"): f"FanOriginPixel ({FAN_ORIGIN[0]:g} {FAN_ORIGIN[1]:g})",
        ("FanRadiusStopPixel", "FanDepth"): f"FanRadiusStopPixel ({FAN_RADIUS[1]:g})",
    }
    return [text for names, text in needed.items() if all(attributes.text(name) is None for name in names)]
