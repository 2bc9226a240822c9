"""What a check of a sweep says."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sdk.data_warning import DataWarning


@dataclass(frozen=True)
class SweepWarning(DataWarning):
    """Something about a sweep that is probably wrong, although it can be used as it is."""
