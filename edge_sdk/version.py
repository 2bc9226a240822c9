"""The version of this package, importable by its modules without a circle."""

from __future__ import annotations

__version__ = "0.1.0"
