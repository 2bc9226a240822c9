"""What all frames of a recording have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_sdk.provenance import Provenance
from edge_sdk.sweep.sweep import Sweep

_UINT8 = np.dtype(np.uint8)


@dataclass(frozen=True)
class RecordingTemplate:
    """Frame shape, pixel type and header of a recording, known before its first frame.

    Attributes:
        shape: (H, W) or (H, W, C) of every frame, MF orientation.
        dtype: Type of the pixels.
        header: Header fields of the sequence file; the provenance adds its own and wins over fields of its names.
        pixel_spacing: mm per pixel (x, y), where known.
        provenance: Where poses, calibration and frames come from.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = _UINT8
    header: Mapping[str, str] = field(default_factory=dict)
    pixel_spacing: tuple[float, float] | None = None
    provenance: Provenance = field(default_factory=Provenance)

    @classmethod
    def of_sweep(cls, sweep: Sweep) -> RecordingTemplate:
        """Template of a recording with the frames of `sweep`."""
        header = {**sweep.header, **sweep.range_fields}
        return cls(sweep.images.shape[1:], sweep.images.dtype, header, sweep.pixel_spacing, sweep.provenance)

    def header_fields(self) -> dict[str, str]:
        """All header fields of the sequence file, those of the provenance included."""
        return self.provenance.header_fields(self.header)
