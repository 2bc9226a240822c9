"""The PLUS configuration that belongs to a simulated sweep."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from edge_sdk.simulation.probe import Probe

OUTPUT_SPACING_MM = 0.6


def plus_configuration(probe: Probe, image_to_probe: NDArray[np.float64]) -> str:
    """XML text with ImageToProbe and a VolumeReconstruction clipped to what the beams reach (pixels, MF)."""
    root = ET.Element("PlusConfiguration", version="2.1")
    coordinates = ET.SubElement(root, "CoordinateDefinitions")
    matrix = "\n".join(" ".join(f"{v:.9g}" for v in row) for row in image_to_probe)
    ET.SubElement(coordinates, "Transform", {"From": "Image", "To": "Probe", "Matrix": matrix})
    rows, columns = probe.image_shape
    settings = {
        "ImageCoordinateFrame": "Image",
        "ReferenceCoordinateFrame": "Reference",
        "OutputSpacing": " ".join([f"{OUTPUT_SPACING_MM:g}"] * 3),
        "ClipRectangleOrigin": "0 0",
        "ClipRectangleSize": f"{columns} {rows}",
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
            "FanRadiusStartPixel": f"{probe.radius / probe.pixel:.6g}",
            "FanRadiusStopPixel": f"{(probe.radius + probe.depth) / probe.pixel:.6g}",
        }
    ET.SubElement(root, "VolumeReconstruction", settings)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
