"""What a PLUS configuration, or a calibration result of its fCal, says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_sdk.errors import FileFormatError
from edge_sdk.sweep.plus_config import read_plus_config, read_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from edge_sdk.sweep.plus_config import PlusConfig
    from edge_sdk.sweep.plus_grid import SavedGrid
    from edge_sdk.sweep.warning import SweepWarning
    from edge_sdk.volume.settings import ReconstructionSettings

_SECTIONS = (
    "DataCollection",
    "CoordinateDefinitions",
    "CalibrationResults",
    "PhantomDefinition",
    "VolumeReconstruction",
)


@dataclass(frozen=True)
class ConfiguredTransform:
    """A transform of a configuration.

    Attributes:
        transform: Its name, such as "ImageToProbe".
        scale: Length of a step along each axis; of ImageToProbe, the size of a pixel in mm.
        translation_mm: (x, y, z).
    """

    transform: str
    scale: list[float]
    translation_mm: list[float]


@dataclass(frozen=True)
class ConfiguredWire:
    """A wire of a phantom: its name, its length, and both its ends (x, y, z)."""

    wire: str
    length_mm: float
    front_mm: list[float]
    back_mm: list[float]


@dataclass(frozen=True)
class ConfiguredDevice:
    """A device of the data collection, as the configuration's attributes give it; "" for what it does not give."""

    device: str
    type: str
    time_offset_s: str
    recording: str


@dataclass(frozen=True)
class CalibrationPart:
    """Frames and segmented points of a part of a calibration: "calibration" or "validation"."""

    name: str
    frames: int
    points: int


@dataclass(frozen=True)
class CalibrationResult:
    """Result of a probe calibration.

    Attributes:
        reprojection_error: Statistics as the file gives them; None without any.
        parts: What the calibration and its validation saw.
    """

    reprojection_error: dict[str, str] | None
    parts: list[CalibrationPart]

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        values: dict[str, object] = {}
        if self.reprojection_error is not None:
            values["reprojection_error"] = self.reprojection_error
        for part in self.parts:
            values |= {f"{part.name}_frames": part.frames, f"{part.name}_points": part.points}
        return values


@dataclass(frozen=True)
class ConfigurationDescription:
    """What a PLUS configuration says.

    Attributes:
        document: Root element and version.
        name: Name of the device set; None without one.
        reconstruction: Settings that it sets, by name; None without any.
        calibration: Result of a probe calibration; None without one.
        transforms: Its coordinate transforms.
        wires: Wires of the phantom.
        devices: Devices of the data collection.
        saved_grid: OutputOrigin and OutputExtent, which count only where they are asked for; None without any.
        notes: What the file leaves open, and how it was taken.
    """

    document: str
    name: str | None
    reconstruction: dict[str, object] | None
    calibration: CalibrationResult | None
    transforms: list[ConfiguredTransform]
    wires: list[ConfiguredWire]
    devices: list[ConfiguredDevice]
    saved_grid: SavedGrid | None = None
    notes: tuple[SweepWarning, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As `inspect --json` prints it."""
        return {
            "kind": "configuration",
            "document": self.document,
            **({} if self.name is None else {"name": self.name}),
            "reconstruction": self.reconstruction,
            **({} if self.saved_grid is None else {"saved_grid": asdict(self.saved_grid)}),
            **({} if self.calibration is None else self.calibration.as_json()),
            "transforms": [asdict(transform) for transform in self.transforms],
            "wires": [asdict(wire) for wire in self.wires],
            "devices": [asdict(device) for device in self.devices],
            **({"notes": [asdict(note) for note in self.notes]} if self.notes else {}),
        }


def describe_configuration(path: Path) -> ConfigurationDescription:
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
    device_set, errors = root.find(".//DeviceSet"), root.find(".//ErrorReport")
    return ConfigurationDescription(
        document=f"{root.tag} {root.get('version', '')}".strip(),
        name=None if device_set is None else device_set.get("Name", ""),
        reconstruction=_set_values(config.reconstruction) if config.reconstruction else None,
        calibration=None if errors is None else _calibration(errors),
        transforms=list(_transforms(config)),
        wires=list(_wires(config)),
        devices=list(_devices(root)),
        saved_grid=config.saved_grid,
        notes=config.notes,
    )


def _transforms(config: PlusConfig) -> Iterator[ConfiguredTransform]:
    for name, matrix in config.transforms.items():
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        yield ConfiguredTransform(
            name,
            scale=[round(float(length), 6) for length in lengths],
            translation_mm=[round(float(value), 4) for value in matrix[:3, 3]],
        )


def _wires(config: PlusConfig) -> Iterator[ConfiguredWire]:
    for wire in config.wires:
        length = float(np.linalg.norm(np.subtract(wire.back, wire.front)))
        yield ConfiguredWire(wire.name, round(length, 2), list(wire.front), list(wire.back))


def _devices(root: Element) -> Iterator[ConfiguredDevice]:
    for device in root.iterfind(".//DataCollection/Device"):
        yield ConfiguredDevice(
            device=device.get("Id", ""),
            type=device.get("Type", ""),
            time_offset_s=device.get("LocalTimeOffsetSec", ""),
            recording=device.get("SequenceFile", device.get("SequenceMetafile", "")),
        )


def _set_values(settings: ReconstructionSettings) -> dict[str, object]:
    """Settings that are set, by name; each kernel that fills holes by its name alone."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    values["importance_mask"] = settings.importance_mask and str(settings.importance_mask)
    values["fill_holes"] = [filling.kernel for filling in settings.fill_holes]
    if settings.clip is not None:
        values["clip"] = {name: value for name, value in asdict(settings.clip).items() if value is not None}
    return {name: value for name, value in values.items() if value not in (None, [], ())}


def _calibration(report: Element) -> CalibrationResult:
    errors = report.find("ReprojectionError3DStatistics")
    parts = []
    for element in ("CalibrationData", "ValidationData"):
        frames = report.findall(f"{element}/Frame")
        points = sum(len(frame.findall("SegmentedPoints/Point")) for frame in frames)
        parts.append(CalibrationPart(element.removesuffix("Data").lower(), len(frames), points))
    return CalibrationResult(None if errors is None else dict(errors.attrib), parts)
