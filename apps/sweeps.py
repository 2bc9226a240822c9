"""Sweeps as the commands get them: a recording, the poses given beside it, and the size of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_sdk.errors import PoseError

if TYPE_CHECKING:
    from edge_sdk.sweep.plus_config import PlusConfig, ReconstructionSettings
    from edge_sdk.sweep.sweep import Sweep

PosesOption = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Poses of a recording without: csv:FILE (docs/pose-table.md), sweep:FILE (a tracker's recording, by "
        "time), or declared: linear:speed=10mm/s or fan:rate=10deg/s.",
    ),
]
LagOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="A frame at t takes the pose at t + lag, as calibrate-time tells it."),
]
PixelSpacingOption = Annotated[
    str | None,
    typer.Option(
        metavar="MM[,MM]",
        help="Size of a pixel (x, y) where neither the recording nor --config knows; ImageToProbe is then assumed.",
    ),
]
MaxGapOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Poses further apart are not interpolated between; default 0.25."),
]
_PIXEL_MM = (0.001, 10.0)
"""Beyond these no ultrasound image has its pixels."""
POSES, POSES_MISSING = "PosesFrom", "PosesMissing"
_TOLD = {
    "PosesFrom": "poses_from",
    "PosesMissing": "frames_without_pose",
    "PosesDeclared": "poses_declared",
    "PoseLag": "pose_lag_s",
    "ImageToProbeAssumed": "image_to_probe_assumed",
    "FramesUndecodable": "frames_undecodable",
    "FramesLost": "frames_lost",
}
"""Header fields that tell what a result rests on, and their names in outputs."""


@dataclass(frozen=True)
class SweepOptions:
    """How a recording becomes a sweep with poses.

    Attributes:
        poses: A URI, see `apps.pose_uri`; None for the recording's own.
        lag: Seconds that poses come late; None for 0.
        max_gap: Seconds between poses that are still interpolated; None for the default, and the recording's own
            poses are then taken as they are.
        pixel_spacing: mm per pixel, "0.1" or "0.1,0.12"; None for what the recording says.
    """

    poses: str | None = None
    lag: float | None = None
    max_gap: float | None = None
    pixel_spacing: str | None = None

    @property
    def pose_file(self) -> Path | None:
        """The file that the poses are read from, or None."""
        kind, _, rest = (self.poses or "").partition(":")
        return Path(rest) if kind in ("csv", "sweep") and rest else None


def load_sweep(
    path: Path,
    options: SweepOptions | None = None,
    *,
    config: PlusConfig | None = None,
    need_poses: bool = True,
) -> Sweep:
    """Read a recording of any known format and give it the poses and the pixel size asked for.

    Where neither the recording nor `config` has a calibration of the image, a known pixel size gives one; see
    `edge_sdk.sweep.image_geometry.with_assumed_calibration`. The header says what was assumed, declared or joined.

    Args:
        path: The recording.
        options: What the command line says.
        config: Its calibration wins over an assumed one.
        need_poses: Refuse a recording that is left without poses.

    Raises:
        EdgeSdkError: The recording or the poses cannot be used.
    """
    from edge_sdk.sweep.formats import read_sweep

    options = options or SweepOptions()
    sweep = _posed(read_sweep(path), options)
    if need_poses and not sweep.transforms:
        from apps.pose_uri import WORKS

        raise PoseError("holds images without poses", where=path, remedy=f"give them with --poses: {WORKS}")
    return calibrated(sweep, parse_pixel_spacing(options.pixel_spacing), config)


def calibrated(sweep: Sweep, given: tuple[float, float] | None, config: PlusConfig | None) -> Sweep:
    """The sweep with an assumed ImageToProbe where there is no other and a pixel's size is known."""
    from edge_sdk.sweep.image_geometry import ASSUMED, with_assumed_calibration

    names = (*sweep.transforms, *(config.transforms if config else ()))
    known = any("Image" in name.split("To") for name in names)
    if given and known and ASSUMED not in sweep.header:
        raise PoseError(
            "there is a calibration of its images, which --pixel-spacing would contradict",
            where=sweep.source,
            remedy="leave out --pixel-spacing",
        )
    spacing = given or sweep.pixel_spacing
    if spacing and sweep.images.size and sweep.transforms and (given or not known):
        return with_assumed_calibration(sweep, spacing)
    return replace(sweep, pixel_spacing=spacing)


def defaults_for(sweep: Sweep, defaults: ReconstructionSettings) -> ReconstructionSettings:
    """Settings where no configuration says how to reconstruct: of the B-mode region, where the recording tells it."""
    from edge_sdk.sweep.image_geometry import recorded_clip

    return replace(defaults, clip=recorded_clip(sweep))


def told(sweep: Sweep) -> dict[str, str]:
    """What a result from this sweep rests on beyond the recording itself, for outputs."""
    return {name: sweep.header[key] for key, name in _TOLD.items() if sweep.header.get(key, "0") != "0"}


def _posed(sweep: Sweep, options: SweepOptions) -> Sweep:
    from apps.pose_uri import recorded_poses, with_declared_poses
    from edge_sdk.sweep.merging import MAX_GAP_S, with_poses
    from edge_sdk.sweep.sweep import OK

    if options.poses is None and options.lag is None and options.max_gap is None:
        return sweep
    tracking = sweep if options.poses is None else recorded_poses(options.poses)
    if tracking is None:
        assert options.poses is not None
        if options.lag is not None or options.max_gap is not None:
            raise PoseError(
                "a declared sweep has neither a lag nor gaps", where=options.poses, remedy="leave out --lag, --max-gap"
            )
        return with_declared_poses(sweep, options.poses)
    max_gap = MAX_GAP_S if options.max_gap is None else options.max_gap
    posed = with_poses(sweep, tracking, lag=options.lag or 0.0, max_gap=max_gap)
    words = zip(*(posed.transforms[name].status for name in tracking.transforms), strict=True)
    missing = sum(any(word != OK for word in frame) for frame in words)
    notes = {} if options.poses is None else {POSES: options.poses}
    if missing:
        notes[POSES_MISSING] = f"{missing} (none within {max_gap:g} s, or not OK)"
    return replace(posed, header={**posed.header, **notes})


def parse_pixel_spacing(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        values: Sequence[float] = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in {1, 2}:
        raise PoseError(f"--pixel-spacing is {text!r}", remedy="give millimeters, such as 0.1 or 0.1,0.12 (x, y)")
    least, most = _PIXEL_MM
    if not all(least <= value <= most for value in values):
        raise PoseError(
            f"--pixel-spacing is {text!r}, expected {least:g} to {most:g} mm",
            remedy="give the size of a pixel in millimeters, such as 0.1 or 0.1,0.12 (x, y)",
        )
    return values[0], values[-1]
