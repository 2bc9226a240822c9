"""A tracked sweep: frames with time stamps and poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_sdk.gray_range import range_text
from edge_sdk.provenance import Provenance
from edge_sdk.sweep.warning import SweepWarning

GRAY_RANGE = "GrayRange"
"""Header field of sequence files: the levels of black and white."""
OK = "OK"
MISSING = "MISSING"
"""Status that readers give a frame without this transform."""


@dataclass(frozen=True)
class TrackedTransform:
    """One named transform over the sweep.

    Attributes:
        matrices: (N, 4, 4) float64; rows of frames without this transform are NaN.
        status: Status of each frame's matrix as in the file ("OK", "INVALID", …; "MISSING" where the frame lacks it);
            only matrices with "OK" are used.
    """

    matrices: NDArray[np.float64]
    status: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """Frames of a recording, in order of acquisition.

    Attributes:
        images: (N, H, W) in MF orientation (x toward the probe's marked side, y away from the probe), of the file's
            pixel type; N×0×0 for tracking-only recordings. Color images are (N, H, W, 3) or, with alpha, (N, H, W, 4).
        timestamps: (N,) seconds.
        transforms: By name, such as "ProbeToTracker".
        image_status: Status of each frame's image; only frames with "OK" are inserted. Empty where all are OK.
        fields: Per frame, every other field as text ("FrameNumber", "UnfilteredTimestamp", …).
        header: The file's own header fields as text, as they were read.
        source: Where it came from.
        pixel_spacing: mm per pixel (x, y), where the recording says so.
        gray_range: Levels that mean black and white; None where they are 0 and 255 (uint8), or the recording does not
            say (`edge_sdk.sweep.gray_frames` decides then).
        provenance: Where poses, calibration and frames come from; it wins over `header` when the sweep is written.
        remarks: What the reader of the file, or the joining of images and poses, found doubtful.
    """

    images: NDArray[Any]
    timestamps: NDArray[np.float64]
    transforms: Mapping[str, TrackedTransform] = field(default_factory=dict)
    image_status: tuple[str, ...] = ()
    fields: tuple[Mapping[str, str], ...] = ()
    header: Mapping[str, str] = field(default_factory=dict)
    source: Path | None = None
    pixel_spacing: tuple[float, float] | None = None
    gray_range: tuple[float, float] | None = None
    provenance: Provenance = field(default_factory=Provenance)
    remarks: tuple[SweepWarning, ...] = ()

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def range_fields(self) -> dict[str, str]:
        """The header field that states the gray range in sequence files; empty where it is not known."""
        return {} if self.gray_range is None else {GRAY_RANGE: range_text(self.gray_range)}
