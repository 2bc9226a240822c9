"""edge-sdk doctor: what this device can run, and what is missing."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from apps.console import print_json
from apps.tables import show, show_rows

_FEATURES = {
    "torch": ("training, compression and export", "train"),
}


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False) -> None:
    """Say what this device can run, and what is missing."""
    values = diagnose()
    if as_json:
        print_json(values)
        return
    show("device", {name: fact["value"] or f"– ({fact['reason']})" for name, fact in values["device"].items()})
    show_rows("targets", values["targets"])
    show("accelerators", values["accelerators"])
    show_rows("features", values["features"])
    show("folders", values["folders"])


def diagnose() -> dict[str, Any]:
    """Facts of the device, targets, accelerators, optional features and folders."""
    import psutil

    import edge_sdk
    from edge_sdk.device import describe_device
    from edge_sdk.target_choice import cache_folder, known_targets

    device = {name: vars(fact) for name, fact in describe_device().items()}
    device["free_ram_mb"] = {"value": round(psutil.virtual_memory().available / 2**20), "reason": None}
    targets = []
    for name, target in known_targets().items():
        problem = target.missing()
        targets.append(
            {
                "target": name,
                "runs": problem is None,
                "version": None if problem else target.version(),
                "problem": problem,
            }
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
        "accelerators": _accelerators(),
        "features": features,
        "folders": {"cache": str(cache_folder())},
    }


def _accelerators() -> dict[str, str]:
    """What OpenVINO sees beside the CPU."""
    names = {"NPU": "no NPU driver or device here", "GPU": "no GPU driver or device here"}
    if find_spec("openvino") is None:
        return dict.fromkeys(names, "unknown: it is OpenVINO that looks for it; pip install 'edge-sdk[openvino]'")
    try:
        core = importlib.import_module("openvino").Core()
    except (ImportError, OSError, RuntimeError) as error:
        return dict.fromkeys(names, f"unknown: OpenVINO does not load ({error})")
    found = {device.split(".")[0]: device for device in core.available_devices}
    return {
        name: core.get_property(found[name], "FULL_DEVICE_NAME") if name in found else f"not present: {why}"
        for name, why in names.items()
    }
