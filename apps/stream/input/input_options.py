"""What a job says about where its frames and poses come from."""

from __future__ import annotations

from dataclasses import dataclass

from apps.inputs import GridChoice
from apps.stream.input.uris.poses import PoseUri
from apps.stream.input.uris.sources import SourceUri
from edge_sdk.sweep.plus_config import PlusConfig

Crop = tuple[tuple[int, int], tuple[int, int]]
"""First pixel (x, y) and size (width, height) in pixels."""
Box = tuple[float, float, float, float, float, float]
"""First and last mm per axis (x0, x1, y0, y1, z0, z1)."""


@dataclass(frozen=True)
class InputOptions:
    """Frames, poses and how they are joined; None is what nobody said.

    Attributes:
        source: URI of the source of the frames.
        poses: URI of the source of the poses; None: the frames' source has them.
        config: Calibration and reconstruction settings; None: the source brings all transforms.
        grid: Where the volume lies; None: around the frames of a recording, and live where the configuration's saved
            grid says, if it has one that can be used.
        lag: Seconds: a frame at t takes the pose at t + lag.
        max_gap: Seconds between poses that are still interpolated.
        wait_s: Seconds that a live frame waits for its pose at most.
        pixel_spacing: Size of a pixel (x, y), in mm.
        crop: The ultrasound in the frames of a live source.
        orientation: PLUS's letters for the images of a live source as it sends them.
        spacing: mm per voxel of the volume, the same on each axis.
        box: The live volume in the world of the poses.
        around: Lengths in mm (x, y, z) of a live volume about the middle of the first frame with a pose.
    """

    source: SourceUri
    poses: PoseUri | None = None
    config: PlusConfig | None = None
    grid: GridChoice | None = None
    lag: float | None = None
    max_gap: float | None = None
    wait_s: float | None = None
    pixel_spacing: tuple[float, float] | None = None
    crop: Crop | None = None
    orientation: str = "MF"
    spacing: float | None = None
    box: Box | None = None
    around: tuple[float, float, float] | None = None
