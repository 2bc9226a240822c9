"""Where OpenVINO runs: the CPU, and what else its drivers find."""

from __future__ import annotations

import openvino as ov
import openvino.properties as props

DEVICE = "CPU"


def devices() -> dict[str, str]:
    """Devices that OpenVINO finds here, such as "CPU", "NPU" or "GPU.0", with their full names; the CPU first."""
    found = {name: full_name(name) for name in ov.Core().available_devices}
    return {DEVICE: found.pop(DEVICE, DEVICE), **found}


def full_name(device: str) -> str:
    """What OpenVINO calls a device."""
    return str(ov.Core().get_property(device, props.device.full_name))
