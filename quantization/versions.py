"""Versions of the libraries that a run was made with; its numbers may depend on them."""

from __future__ import annotations

import importlib.metadata
import platform

LIBRARIES = ("torch", "torchao", "torch-pruning", "monai", "numpy", "openvino")


def library_versions() -> dict[str, str]:
    """Of edge-sdk, Python, and the libraries that take part and are installed."""
    import edge_sdk

    found = {"edge-sdk": edge_sdk.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
