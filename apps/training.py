"""What training, compression and export need besides a runtime."""

from __future__ import annotations

from edge_sdk.errors import TrainingError
from edge_sdk.extras import missing_module

MODULES = ("torch", "torchao", "monai", "safetensors", "onnx")
"""Modules of the extra `train`; a missing one is reported before minutes of work, not when it is first imported."""


def require_training(where: str) -> None:
    """Check that the extra `train` is installed; a device needs none of it.

    Args:
        where: The command or option that needs it.

    Raises:
        TrainingError: A module is missing; with the remedy.
    """
    if problem := missing_module(MODULES, "train"):
        raise TrainingError(problem, where=where)
