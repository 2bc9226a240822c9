"""Which optional modules are installed, found without importing them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable


def missing_module(modules: Iterable[str], extra: str) -> str | None:
    """The first of `modules` that is not installed, as one line with the extra that brings it; None if all are."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed: pip install 'edge-sdk[{extra}]'"
    return None
