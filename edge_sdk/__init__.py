"""Edge deployment of EfficientMedNeXt for portable ultrasound. Everything here imports lazily."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edge_sdk.version import __version__

_WHERE = {
    "load_package": "edge_sdk.packages.package",
    "Package": "edge_sdk.packages.package",
    "read_sweep": "edge_sdk.sweep.formats",
    "write_sweep": "edge_sdk.sweep.formats",
    "read_volume": "edge_sdk.volume.files",
    "write_volume": "edge_sdk.volume.files",
    "segment": "edge_sdk.inference.segment",
}
__all__ = [
    "Package",
    "__version__",
    "load_package",
    "read_sweep",
    "read_volume",
    "segment",
    "write_sweep",
    "write_volume",
]

if TYPE_CHECKING:
    from edge_sdk.inference.segment import segment
    from edge_sdk.packages.package import Package, load_package
    from edge_sdk.sweep.formats import read_sweep, write_sweep
    from edge_sdk.volume.files import read_volume, write_volume


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'edge_sdk' has no attribute {name!r}")
