"""edge-sdk doctor: what this device can run, and what is missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any

import typer

from apps.console import print_json
from apps.tables import show, show_rows
from edge_sdk.errors import EdgeSdkError

_FEATURES = {
    "torch": ("training, compression and export", "train"),
    "uvicorn": ("the viewer of a stream", "view"),
    "pyigtl": ("OpenIGTLink", "igtl"),
    "highdicom": ("DICOM cines, DICOM SEG", "dicom"),
    "trimesh": ("surfaces", "mesh"),
}


def command(
    sensors: Annotated[
        bool,
        typer.Option(
            "--sensors",
            help="Ask every serial port which pose sensor answers: sends the start commands of WitMotion and NDI.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what this device can run, and what is missing."""
    from edge_sdk.sweep.feeds.cameras import cameras

    values = diagnose() | {"serial_ports": serial_ports(ask=sensors), "cameras": cameras()}
    if as_json:
        print_json(values)
        return
    show("device", {name: fact["value"] or f"– ({fact['reason']})" for name, fact in values["device"].items()})
    show_rows("targets", values["targets"])
    show("accelerators", values["accelerators"])
    show_rows("features", values["features"])
    show_rows("serial ports", values["serial_ports"])
    show_rows("cameras", values["cameras"])
    show("folders", values["folders"])


def serial_ports(*, ask: bool) -> list[dict[str, Any]]:
    """Serial ports that are here, and, where asked for, the pose sensor that answers on each."""
    from edge_sdk.sweep.trackers.ports import ports, recognized

    if not ask:
        return [{"port": port.name, "driver": port.described, "sensor": "not asked (--sensors)"} for port in ports()]
    return [
        {"port": port.name, "driver": port.described, "sensor": port.sensor or port.problem or "none that is known"}
        for port in map(recognized, ports())
    ]


def diagnose() -> dict[str, Any]:
    """Facts of the device, targets, accelerators, optional features and folders."""
    import psutil

    import edge_sdk
    from apps.accelerators import accelerators
    from edge_sdk.device import describe_device
    from edge_sdk.device_memory import cache_folder, cache_problem
    from edge_sdk.packages.target_choice import known_targets
    from targets.compiled_cache import LARGEST_BYTES, occupied_bytes

    device = {name: vars(fact) for name, fact in describe_device().items()}
    device["free_ram_mb"] = {"value": round(psutil.virtual_memory().available / 2**20), "reason": None}
    targets = []
    for name, target in known_targets().items():
        problem, version, devices = target.missing(), None, list[str]()
        if problem is None:
            version = target.version()
            try:
                devices = list(target.devices())
            except EdgeSdkError as error:
                problem = error.what
        targets.append(
            {"target": name, "runs": problem is None, "version": version, "devices": devices, "problem": problem}
        )
    features = []
    for module, (purpose, extra) in _FEATURES.items():
        found = find_spec(module) is not None
        remedy = None if found else f"pip install 'edge-sdk[{extra}]'"
        features.append({"feature": purpose, "needs": module, "installed": found, "remedy": remedy})
    return {
        "edge_sdk": edge_sdk.__version__,
        "device": device,
        "targets": targets,
        "accelerators": accelerators(),
        "features": features,
        "folders": {
            "cache": str(cache_folder()),
            "cache_problem": cache_problem(),
            "compiled_networks": f"{occupied_bytes() / 2**20:.1f} MB, at most {LARGEST_BYTES // 2**20} MB are kept",
        },
    }
