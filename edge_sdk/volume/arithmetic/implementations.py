"""How an implementation is chosen by the types of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import overload


def chosen(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the decorated function gets numba's types of the arguments, and returns the code of `function`."""
    return overload(function, jit_options={"error_model": "numpy", "nogil": True})  # type: ignore[no-any-return]


def floating(kind: Any) -> bool:
    """Whether a numba type is a floating-point one."""
    return isinstance(kind, types.Float)
