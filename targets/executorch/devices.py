"""Where ExecuTorch runs: the one device that programs are exported for."""

from __future__ import annotations

DEVICE = "CPU"
FULL_NAME = "CPU (XNNPACK)"


def devices() -> dict[str, str]:
    """The CPU, with the delegate that computes there."""
    return {DEVICE: FULL_NAME}
