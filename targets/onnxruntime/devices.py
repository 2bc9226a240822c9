"""Where ONNX Runtime runs: the execution providers of the installed build."""

from __future__ import annotations

import onnxruntime as ort

DEVICE = "CPU"
_SUFFIX = "ExecutionProvider"


def devices() -> dict[str, str]:
    """Execution providers without "ExecutionProvider", such as "XNNPACK", with their full names; the CPU's first."""
    found = {name.removesuffix(_SUFFIX): name for name in ort.get_available_providers()}
    return {DEVICE: found.pop(DEVICE), **found}


def provider(device: str) -> str:
    """The full name of a device's execution provider."""
    return f"{device}{_SUFFIX}"
