"""What a PLUS configuration, or a calibration result of its fCal, says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.plus_config import read_plus_config, read_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from edge_sdk.volume.settings import ReconstructionSettings

_SECTIONS = (
    "DataCollection",
    "CoordinateDefinitions",
    "CalibrationResults",
    "PhantomDefinition",
    "VolumeReconstruction",
)


def describe_configuration(path: Path) -> dict[str, Any]:
    """Transforms, reconstruction settings, wires, devices and calibration errors.

    Raises:
        EdgeSdkError: Not well-formed XML, not PLUS's, or with an attribute that cannot be understood.
    """
    root = read_xml(path)
    if not any(root.find(f".//{section}") is not None for section in _SECTIONS):
        raise FileFormatError(
            f"is XML ({root.tag}), but no PLUS configuration: none of {', '.join(_SECTIONS)}",
            where=path,
            remedy="give a PLUS device set or a calibration result of fCal",
        )
    config = read_plus_config(path)
    values: dict[str, Any] = {"kind": "configuration", "document": f"{root.tag} {root.get('version', '')}".strip()}
    if (device_set := root.find(".//DeviceSet")) is not None:
        values["name"] = device_set.get("Name", "")
    values["reconstruction"] = _reconstruction(config.reconstruction) if config.reconstruction else None
    if (result := root.find(".//ErrorReport")) is not None:
        values |= _calibration(result)
    values["transforms"] = [
        {
            "transform": name,
            # Of ImageToProbe, the size of a pixel.
            "scale": [round(float(length), 6) for length in np.linalg.norm(matrix[:3, :3], axis=0)],
            "translation_mm": [round(float(value), 4) for value in matrix[:3, 3]],
        }
        for name, matrix in config.transforms.items()
    ]
    values["wires"] = [
        {
            "wire": wire.name,
            "length_mm": round(float(np.linalg.norm(np.subtract(wire.back, wire.front))), 2),
            "front_mm": list(wire.front),
            "back_mm": list(wire.back),
        }
        for wire in config.wires
    ]
    values["devices"] = [
        {
            "device": device.get("Id", ""),
            "type": device.get("Type", ""),
            "time_offset_s": device.get("LocalTimeOffsetSec", ""),
            "recording": device.get("SequenceFile", device.get("SequenceMetafile", "")),
        }
        for device in root.iterfind(".//DataCollection/Device")
    ]
    return values


def _reconstruction(settings: ReconstructionSettings) -> dict[str, Any]:
    """Settings that are set; those of holes as one text each."""
    said = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    said["importance_mask"] = settings.importance_mask and str(settings.importance_mask)
    said["fill_holes"] = [filling.kernel for filling in settings.fill_holes]
    if settings.clip is not None:
        clip = dataclasses.asdict(settings.clip)
        said["clip"] = {name: value for name, value in clip.items() if value is not None}
    return {name: value for name, value in said.items() if value not in (None, [], ())}


def _calibration(report: Element) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if (errors := report.find("ReprojectionError3DStatistics")) is not None:
        values["reprojection_error"] = dict(errors.attrib)
    for part in ("CalibrationData", "ValidationData"):
        frames = report.findall(f"{part}/Frame")
        values[f"{part.removesuffix('Data').lower()}_frames"] = len(frames)
        values[f"{part.removesuffix('Data').lower()}_points"] = sum(
            len(frame.findall("SegmentedPoints/Point")) for frame in frames
        )
    return values
