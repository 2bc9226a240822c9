"""Accelerators beside the CPU: the target that runs on each, or why nothing did."""

from __future__ import annotations

from collections.abc import Mapping

from edge_sdk.errors import EdgeSdkError
from edge_sdk.packages.target_choice import known_targets

KINDS = ("NPU", "GPU")
RUNTIME = "openvino"


def accelerators() -> dict[str, str]:
    """Kind → one line, never blank.

    A device is used where its target is asked for by name, such as "openvino:NPU"; never by itself.
    """
    try:
        if (target := known_targets().get(RUNTIME)) is None or target.missing():
            why = f"it is OpenVINO that looks for it; pip install 'edge-sdk[{RUNTIME}]'"
            return {kind: f"not run: whether there is an {kind} is not known, {why}" for kind in KINDS}
        present = target.devices()
    except EdgeSdkError as error:
        return dict.fromkeys(KINDS, f"not run: not known here, as of OpenVINO {error.what}")
    return {kind: _line(kind, present) for kind in KINDS}


def _line(kind: str, devices: Mapping[str, str]) -> str:
    """What is known about the devices of a kind.

    Args:
        kind: "NPU" or "GPU".
        devices: Device that the runtime finds here → its full name.
    """
    found = {name: full_name for name, full_name in devices.items() if name.startswith(kind)}
    if not found:
        return f"not run: no {kind} on this machine, or no driver for it"
    return "; ".join(
        f"{full_name}: only run where asked for as target {RUNTIME}:{name}" for name, full_name in found.items()
    )
