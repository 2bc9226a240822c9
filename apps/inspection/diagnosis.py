"""What this device can run, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edge_sdk.errors import EdgeSdkError

if TYPE_CHECKING:
    from edge_sdk.device import Fact
    from edge_sdk.session import Target

_FEATURES = {
    "torch": ("training, compression and export", "train"),
    "uvicorn": ("the viewer of a stream", "view"),
    "pyigtl": ("OpenIGTLink", "igtl"),
    "highdicom": ("DICOM cines, DICOM SEG", "dicom"),
    "trimesh": ("surfaces", "mesh"),
}
"""Module → what it is for, and the extra that brings it."""


@dataclass(frozen=True)
class TargetState:
    """A target on this device.

    Attributes:
        target: Its name.
        runs: Whether it can run here.
        version: Version of its runtime; None where it is not installed.
        devices: That the runtime finds here.
        problem: Why it cannot run; None where it can.
    """

    target: str
    runs: bool
    version: str | None
    devices: list[str]
    problem: str | None


@dataclass(frozen=True)
class Feature:
    """An optional feature.

    Attributes:
        feature: What it is.
        needs: The module that it needs.
        installed: Whether the module is.
        remedy: How to install it; None where it is installed.
    """

    feature: str
    needs: str
    installed: bool
    remedy: str | None


@dataclass(frozen=True)
class Folders:
    """Folders that are written to.

    Attributes:
        cache: What was found out on this device.
        cache_problem: Why it cannot be written; None where it can.
        compiled_networks: How much of it compiled networks take.
    """

    cache: str
    cache_problem: str | None
    compiled_networks: str


@dataclass(frozen=True)
class SerialPort:
    """A serial port.

    Attributes:
        port: To open it by.
        driver: What its driver calls it.
        sensor: The pose sensor that answers on it, or why none does.
    """

    port: str
    driver: str
    sensor: str


@dataclass(frozen=True)
class Diagnosis:
    """What `edge-sdk doctor` found.

    Attributes:
        edge_sdk: Its version.
        device: Facts by name.
        targets: Every target of this installation.
        accelerators: Kind → one line.
        features: The optional ones.
        folders: That are written to.
        serial_ports: That are here.
        cameras: Sources of `stream`, with "source" and "name".
    """

    edge_sdk: str
    device: Mapping[str, Fact]
    targets: list[TargetState]
    accelerators: dict[str, str]
    features: list[Feature]
    folders: Folders
    serial_ports: list[SerialPort]
    cameras: list[dict[str, str]]

    def as_json(self) -> dict[str, object]:
        """As `doctor --json` prints it."""
        return asdict(self)


def diagnose(*, ask_ports: bool) -> Diagnosis:
    """Look at the device, its targets, accelerators, optional features, folders, serial ports and cameras.

    Args:
        ask_ports: Ask each serial port which pose sensor answers.
    """
    import psutil

    import edge_sdk
    from apps.accelerators import accelerators
    from edge_sdk.device import Fact, describe_device
    from edge_sdk.packages.target_choice import known_targets
    from edge_sdk.sweep.feeds.cameras import cameras

    free_mb = round(psutil.virtual_memory().available / 2**20)
    return Diagnosis(
        edge_sdk=edge_sdk.__version__,
        device={**describe_device(), "free_ram_mb": Fact(free_mb)},
        targets=[_target_state(name, target) for name, target in known_targets().items()],
        accelerators=accelerators(),
        features=[_feature(module) for module in _FEATURES],
        folders=_folders(),
        serial_ports=_serial_ports(ask=ask_ports),
        cameras=cameras(),
    )


def _target_state(name: str, target: Target) -> TargetState:
    if (problem := target.missing()) is not None:
        return TargetState(name, False, None, [], problem)
    try:
        return TargetState(name, True, target.version(), list(target.devices()), None)
    except EdgeSdkError as error:
        return TargetState(name, False, target.version(), [], error.what)


def _feature(module: str) -> Feature:
    purpose, extra = _FEATURES[module]
    installed = find_spec(module) is not None
    return Feature(purpose, module, installed, None if installed else f"pip install 'edge-sdk[{extra}]'")


def _folders() -> Folders:
    from edge_sdk.device_memory import cache_folder, cache_problem
    from targets.compiled_cache import LARGEST_BYTES, occupied_bytes

    compiled = f"{occupied_bytes() / 2**20:.1f} MB, at most {LARGEST_BYTES // 2**20} MB are kept"
    return Folders(str(cache_folder()), cache_problem(), compiled)


def _serial_ports(*, ask: bool) -> list[SerialPort]:
    """Serial ports that are here, and, where asked for, the pose sensor that answers on each."""
    from edge_sdk.sweep.trackers.ports import ports, recognized

    if not ask:
        return [SerialPort(port.name, port.described, "not asked (--sensors)") for port in ports()]
    return [
        SerialPort(port.name, port.described, port.sensor or port.problem or "none that is known")
        for port in map(recognized, ports())
    ]
