"""The four published sizes of EfficientMedNeXt (Rahman & Marculescu, MICCAI 2025)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """Blocks per stage; `full_resolution` networks run decoder stage 0 at inference."""

    encoder: tuple[int, int, int, int]
    bottleneck: int
    decoder: tuple[int, int, int, int]
    """Blocks of decoder stages 0, 1, 2, 3 (stage 0 is the full-resolution one)."""
    full_resolution: bool = False


PATCH_MULTIPLE = 16
"""Four down blocks halve every axis: a patch axis is a multiple of this."""

VARIANTS = {
    "T": Variant((2, 2, 2, 2), 2, (2, 2, 2, 2)),
    "S": Variant((3, 4, 8, 8), 8, (3, 4, 8, 8)),
    "M": Variant((3, 4, 4, 4), 4, (3, 4, 4, 4)),
    "L": Variant((3, 4, 4, 4), 4, (3, 4, 4, 4), full_resolution=True),
}
