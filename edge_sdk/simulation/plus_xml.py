"""The PLUS configuration that belongs to a simulated sweep."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from edge_sdk.simulation.probe import Probe

OUTPUT_SPACING_MM = 0.8
# PLUS rounds the fan row by row, outwards at the near arc: a pixel less keeps black ones out.
FAN_MARGIN_PIXELS = 1.0


def plus_configuration(probe: Probe, image_to_probe: NDArray[np.float64]) -> str:
    """XML text with ImageToProbe and a VolumeReconstruction clipped to what the beams reach (pixels, MF)."""
    root = ET.Element("PlusConfiguration", version="2.1")
    coordinates = ET.SubElement(root, "CoordinateDefinitions")
    matrix = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in image_to_probe)
    ET.SubElement(coordinates, "Transform", {"From": "Image", "To": "Probe", "Matrix": matrix})
    columns = probe.image_shape[1]
    lit = np.argwhere(probe.pixel_lookup()[2])
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
    settings = {
        "ImageCoordinateFrame": "Image",
        "ReferenceCoordinateFrame": "Reference",
        "OutputSpacing": " ".join([f"{OUTPUT_SPACING_MM:g}"] * 3),
        "ClipRectangleOrigin": f"{left} {top}",
        "ClipRectangleSize": f"{right - left} {bottom - top}",
        "Interpolation": "LINEAR",
        "CompoundingMode": "MEAN",
        "Optimization": "NONE",
        "FillHoles": "OFF",
        "NumberOfThreads": "1",
    }
    if probe.radius:
        degrees = np.rad2deg(probe.half_angle)
        apex = (-probe.radius - probe.top) / probe.pixel
        settings |= {
            "FanAnglesDeg": f"{-degrees:.6g} {degrees:.6g}",
            "FanOriginPixel": f"{(columns - 1) / 2:.6g} {apex:.6g}",
            "FanRadiusStartPixel": f"{probe.radius / probe.pixel + FAN_MARGIN_PIXELS:.6g}",
            "FanRadiusStopPixel": f"{(probe.radius + probe.depth) / probe.pixel - FAN_MARGIN_PIXELS:.6g}",
        }
    ET.SubElement(root, "VolumeReconstruction", settings)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
