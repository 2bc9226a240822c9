"""Reconstruction settings."""

from __future__ import annotations

import pytest

from edge_sdk.errors import GeometryError
from edge_sdk.volume.settings import ReconstructionSettings


def test_other_spacing_keeps_a_fixed_region() -> None:
    fixed = ReconstructionSettings((0.5, 0.5, 1.0), origin=(1.0, 2.0, 3.0), extent=(0, 99, 0, 49, 10, 20))
    halved = fixed.with_spacing((0.25, 0.25, 0.25))
    assert halved.spacing == (0.25, 0.25, 0.25)
    assert halved.extent == (0, 198, 0, 98, 40, 80)
    assert halved.origin == fixed.origin


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan")])
def test_impossible_spacings(spacing: float) -> None:
    with pytest.raises(GeometryError, match="expected millimeters above 0"):
        ReconstructionSettings((1.0, 1.0, 1.0)).with_spacing((spacing,) * 3)
