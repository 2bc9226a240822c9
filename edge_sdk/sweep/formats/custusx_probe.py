"""CustusX's probe definition (.probedata.xml): where the image lies in the tool's frame, and its sector."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import FileFormatError

_SECTOR, _LINEAR = 1, 2
_ISOTROPIC = 0.01


@dataclass(frozen=True)
class ProbeDefinition:
    """What a .probedata.xml says.

    Attributes:
        kind: 1 sector, 2 linear, 0 undefined.
        origin: Pixel (x, y) from the upper left that is the tool's origin: of a sector the center of its arcs.
        clip: First and last x, first and last y in pixels; None where there is no rectangle.
        depth: Start and end of the sector in mm from the origin.
        width: Of the sector, in radians (sector) or mm (linear).
        center_offset: mm from the origin to the arcs' center; 0 for most probes.
        temporal_calibration: ms that were taken off the frame times when they were stored.
    """

    kind: int
    origin: tuple[float, float]
    clip: tuple[float, float, float, float] | None
    depth: tuple[float, float]
    width: float
    center_offset: float
    temporal_calibration: float

    def image_to_tool(self, spacing: tuple[float, float]) -> NDArray[np.float64]:
        """4×4 from pixels (x right, y down) to the tool's mm: z away from the probe, y to the image's left.

        CustusX's tMu · uMv, with pixels for mm; the third column makes the matrix invertible and keeps its hand.
        """
        (x, y), (origin_x, origin_y) = spacing, self.origin
        return np.array([[0, 0, -1, 0], [-x, 0, 0, x * origin_x], [0, y, 0, -y * origin_y], [0, 0, 0, 1.0]])

    def header(self, image_shape: tuple[int, ...], spacing: tuple[float, float]) -> dict[str, str]:
        """Clip rectangle and fan inside images of (H, W), under PLUS's names, and the temporal calibration."""
        height, width = image_shape
        left, right, top, bottom = 0.0, width - 1.0, 0.0, height - 1.0
        boxes = [self.clip] if self.clip else []
        if self.kind == _LINEAR and self.width > 0:
            half, (x, y) = self.width / 2 / spacing[0], self.origin
            boxes.append((x - half, x + half, y + self.depth[0] / spacing[1], y + self.depth[1] / spacing[1]))
        for box in boxes:
            left, right = max(left, box[0]), min(right, box[1])
            top, bottom = max(top, box[2]), min(bottom, box[3])
        fields = {"TemporalCalibrationMs": f"{self.temporal_calibration:g}"} if self.temporal_calibration else {}
        if boxes and left < right and top < bottom:
            fields["ClipRectangleOrigin"] = f"{math.ceil(left)} {math.ceil(top)}"
            fields["ClipRectangleSize"] = f"{math.floor(right) - math.ceil(left)} {math.floor(bottom) - math.ceil(top)}"
        # A fan in pixels is round only where pixels are square.
        square = abs(spacing[0] - spacing[1]) <= _ISOTROPIC * spacing[0]
        if self.kind == _SECTOR and 0 < self.width < math.pi and square and not self.center_offset:
            degrees = math.degrees(self.width / 2)
            fields["FanAnglesDeg"] = f"{-degrees:.6g} {degrees:.6g}"
            fields["FanOriginPixel"] = f"{self.origin[0]:.6g} {self.origin[1]:.6g}"
            fields["FanRadiusStartPixel"] = f"{self.depth[0] / spacing[0]:.6g}"
            fields["FanRadiusStopPixel"] = f"{self.depth[1] / spacing[0]:.6g}"
        return fields


def read_probe_definition(path: Path) -> ProbeDefinition:
    """Read a .probedata.xml.

    Raises:
        FileFormatError: Not well-formed, without a configuration and its image, or without the image's origin.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise FileFormatError(f"is no probe definition ({error})", where=path, remedy="copy it again") from error
    configuration = root if root.tag == "configuration" else root.find(".//configuration")
    image = None if configuration is None else configuration.find("image")
    if configuration is None or image is None:
        raise FileFormatError(
            "is no probe definition: it has no configuration with an image", where=path, remedy="copy it again"
        )
    origin = _vector(image, "origin_p", 2, path)
    if origin is None:
        raise FileFormatError("its image has no origin_p", where=path, remedy="give two or three numbers, in pixels")
    clip = _vector(image, "clipRect_p", 4, path)
    values = {name: _number(configuration, name, path) for name in _NUMBERS}
    return ProbeDefinition(
        kind=int(values["type"]),
        origin=(origin[0], origin[1]),
        clip=(clip[0], clip[1], clip[2], clip[3]) if clip and clip[0] < clip[1] and clip[2] < clip[3] else None,
        depth=(values["depthStart"], values["depthEnd"]),
        width=values["width"],
        center_offset=values["centerOffset"],
        temporal_calibration=values["temporalCalibration"],
    )


_NUMBERS = ("type", "depthStart", "depthEnd", "width", "centerOffset", "temporalCalibration")


def _number(element: ElementTree.Element, name: str, path: Path) -> float:
    values = _vector(element, name, 1, path)
    return values[0] if values else 0.0


def _vector(element: ElementTree.Element, name: str, least: int, path: Path) -> list[float] | None:
    """The finite numbers of an attribute, at least so many; None where it is absent or empty."""
    text = element.get(name, "")
    try:
        values = [float(number) for number in re.split(r"[\s,;]+", text.strip()) if number]
    except ValueError:
        values = [math.nan]
    if not text.strip():
        return None
    if len(values) < least or not np.isfinite(values).all():
        raise FileFormatError(
            f"{name} of {element.tag} is {text[:40]!r}, expected {least} numbers or more",
            where=path,
            remedy="correct it",
        )
    return values
