"""The settings file of `edge-sdk stream`, over which the command line wins; deploy/cart.toml explains each key."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from apps.inputs import GridChoice
from edge_sdk.toml_file import read_toml

Mask = Literal["mha", "seg.nrrd", "dcm", "stl"]
_TIME = "{time}"


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", "")) / path


def _time_only(path: Path) -> Path:
    if "{" in str(path).replace(_TIME, ""):
        raise ValueError(f"{_TIME} is the only placeholder")
    return path


def _three(value: object) -> object:
    return [value] * 3 if isinstance(value, int | float) else value


FilePath = Annotated[Path, AfterValidator(_beside_the_file)]
"""Relative to the settings file."""
TimedPath = Annotated[FilePath, AfterValidator(_time_only)]
"""May hold {time}, see `with_time`."""
Count = Annotated[int, Field(ge=1)]
Size = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(ge=0)]
Pixel = Annotated[int, Field(ge=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
"""0: any that is free."""
Text = Annotated[str, Field(min_length=1)]
LOOPBACK = "127.0.0.1"
VIEWER_PORT = 8765


_BYTES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?(MB|GB|MiB|GiB)")


def memory_bytes(text: str) -> int:
    """Bytes of a size such as "2GB", "1.5 GiB" or "800MB".

    Raises:
        ValueError: It is not one, or no more than 0.
    """
    found = _MEMORY.fullmatch(text.strip())
    size = int(float(found[1]) * _BYTES[found[2]]) if found else 0
    if not size:
        raise ValueError(f"{text!r} is no size of memory; give a number and MB, GB, MiB or GiB, such as 2GB")
    return size


def _is_memory(text: str) -> str:
    memory_bytes(text)
    return text


MemorySize = Annotated[str, AfterValidator(_is_memory)]
"""See `memory_bytes`."""


class SettingsSection(BaseModel):
    """Base of all sections: unknown keys are refused, and None is what the file does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SourceSettings(SettingsSection):
    """Where images come from, and what they are."""

    uri: Text | None = None
    crop: tuple[Pixel, Pixel, Count, Count] | None = None
    """(x, y, width, height) of the ultrasound in the frame, pixels."""
    pixel_spacing_mm: tuple[Size, Size] | None = None
    """(x, y)."""
    orientation: Literal["MF", "MN", "UF", "UN"] = "MF"
    """As in PLUS: which side of the probe the image's x and y point to."""


class PosesSettings(SettingsSection):
    """Where poses come from."""

    uri: Text | None = None
    lag_s: float | None = None
    """A frame at t takes the pose at t + lag."""
    max_gap_s: Size | None = None
    """Poses further apart are not interpolated between."""
    wait_s: Seconds | None = None
    """How long a frame waits for its pose."""


class VolumeSettings(SettingsSection):
    """What the frames are compounded into."""

    config: tuple[FilePath, ...] = ()
    """PLUS configurations; later files win."""
    grid: GridChoice | None = None
    """Where the volume lies: around the frames, or in the saved grid of the configuration."""
    box_mm: tuple[float, float, float, float, float, float] | None = None
    """(x0, x1, y0, y1, z0, z1) in the world of the poses."""
    around_mm: Annotated[tuple[Size, Size, Size], BeforeValidator(_three)] | None = None
    """Size (x, y, z) of a box about the first frames; one number for all three."""
    spacing_mm: Size | None = None
    max_memory: MemorySize | None = None
    """Resident memory that the process may take at most; a live volume of no other extent grows up to it."""

    @model_validator(mode="after")
    def _one_box(self) -> VolumeSettings:
        if self.box_mm and self.around_mm:
            raise ValueError("box_mm and around_mm are two boxes, give one of them")
        if self.grid == "saved" and (self.box_mm or self.around_mm):
            raise ValueError("the saved grid and a box are two extents, give one of them")
        box = self.box_mm or ()
        for axis, low, high in zip("xyz", box[::2], box[1::2], strict=False):
            if low >= high:
                raise ValueError(f"box_mm must go up along {axis}: {low:g} to {high:g} given")
        return self


class PackageSettings(SettingsSection):
    """The network."""

    path: FilePath | None = None
    target: Text = "auto"
    threads: Count | None = None


class ViewerSettings(SettingsSection):
    """The page that shows the stream."""

    enabled: bool = False
    host: Text = LOOPBACK
    port: Port = VIEWER_PORT
    token: Text | None = None
    allowed_hosts: tuple[Text, ...] = ()


class IgtlSettings(SettingsSection):
    """OpenIGTLink server that gives the growing volume and the mask away."""

    output_port: Port | None = None
    """None: nothing is given away."""
    host: Text = LOOPBACK
    world: Literal["LPS", "RAS"] = "LPS"
    """Of the poses: LPS is turned to OpenIGTLink's RAS, so that the volume lies where the saved files lie in 3D Slicer;
    RAS leaves the axes as they are, beside what PLUS sends to the same Slicer."""


class OutputSettings(SettingsSection):
    """What is left."""

    folder: TimedPath | None = None
    also: tuple[Mask, ...] = ()


class RecordingSettings(SettingsSection):
    """What the source gave, kept."""

    path: TimedPath | None = None


class LogSettings(SettingsSection):
    """See `apps.logs`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: FilePath | None = None
    """None: stderr."""
    format: Literal["text", "json"] = "text"


class StreamSettings(SettingsSection):
    """The whole file; every section may be left out."""

    source: SourceSettings = SourceSettings()
    poses: PosesSettings = PosesSettings()
    volume: VolumeSettings = VolumeSettings()
    package: PackageSettings = PackageSettings()
    viewer: ViewerSettings = ViewerSettings()
    igtl: IgtlSettings = IgtlSettings()
    output: OutputSettings = OutputSettings()
    recording: RecordingSettings = RecordingSettings()
    log: LogSettings = LogSettings()


def read_settings(path: Path) -> StreamSettings:
    """Read and check a settings file; its paths come out absolute, URIs as they are written.

    Raises:
        RecipeError: It cannot be read, is not TOML, or holds an unknown key (the nearest known one is named) or an
            impossible value.
    """
    return read_toml(path, StreamSettings, "settings file")


def with_time(path: Path, moment: datetime) -> Path:
    """A path with its {time} replaced by local time, such as 2026-11-28T19-23-35, which any file system takes."""
    return Path(str(path).replace(_TIME, moment.astimezone().strftime("%Y-%m-%dT%H-%M-%S")))
