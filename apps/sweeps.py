"""Sweeps as the commands get them: a recording, the poses given beside it, and the size of its pixels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.inputs import GridChoice
from edge_sdk.errors import PoseError

if TYPE_CHECKING:
    from apps.stream.input.uris.poses import PoseFileUri, RecordedPosesUri
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
GridOption = Annotated[
    GridChoice | None,
    typer.Option(
        help="Where the volume lies: around the frames (default, as in PLUS), or in the saved OutputOrigin and "
        "OutputExtent of --config."
    ),
]
_PIXEL_MM = (0.001, 10.0)
"""Beyond these no ultrasound image has its pixels."""


@dataclass(frozen=True)
class SweepOptions:
    """How a recording becomes a sweep with poses.

    Attributes:
        poses: Where the poses come from; None for the recording's own.
        lag: Seconds by which poses come late; None for 0.
        max_gap: Seconds between poses that are still interpolated; None for the default, and the recording's own
            poses are then taken as they are.
        pixel_spacing: mm per pixel (x, y); None for what the recording says.
    """

    poses: RecordedPosesUri | None = None
    lag: float | None = None
    max_gap: float | None = None
    pixel_spacing: tuple[float, float] | None = None

    @property
    def pose_file(self) -> Path | None:
        """The file that the poses are read from, or None."""
        from apps.stream.input.uris.poses import PoseFileUri

        return self.poses.path if isinstance(self.poses, PoseFileUri) else None


def sweep_options(
    poses: str | None, lag: float | None, max_gap: float | None, pixel_spacing: str | None
) -> SweepOptions:
    """What the options `--poses`, `--lag`, `--max-gap` and `--pixel-spacing` of a command say about its recording.

    Raises:
        PoseError: A pose URI or a pixel size that cannot be understood, or a live sensor.
    """
    from apps.stream.input.uris.poses import parse_poses, recorded_poses

    uri = None if poses is None else recorded_poses(parse_poses(poses))
    return SweepOptions(uri, lag, max_gap, parse_pixel_spacing(pixel_spacing))


def load_sweep(
    path: Path,
    options: SweepOptions | None = None,
    *,
    config: PlusConfig | None = None,
    need_poses: bool = True,
) -> Sweep:
    """Read a recording of any known format and give it the poses and the pixel size asked for.

    Where neither the recording nor `config` has a calibration of the image, a known pixel size gives one; see
    `edge_sdk.sweep.image_geometry.with_assumed_calibration`. The sweep's provenance says what was assumed, declared or
    joined.

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
        from apps.stream.input.uris.poses import RECORDED_POSES_SYNTAX
        from edge_sdk.sweep.unread_transforms import some_names, unread_transforms

        unread = unread_transforms(sweep)
        raise PoseError(
            "holds images without poses" + (f"; not understood as transforms: {some_names(unread)}" if unread else ""),
            where=path,
            remedy=f"give them with --poses: {RECORDED_POSES_SYNTAX}",
        )
    return calibrated(sweep, options.pixel_spacing, config)


def calibrated(sweep: Sweep, given: tuple[float, float] | None, config: PlusConfig | None) -> Sweep:
    """The sweep with an assumed ImageToProbe where there is no other and a pixel's size is known."""
    from edge_sdk.sweep.image_geometry import with_assumed_calibration

    assumed_before = sweep.provenance.image_to_probe_assumed is not None
    spacing = given or sweep.pixel_spacing
    assume = assumes_calibration(sweep.transforms, config, given, assumed_before=assumed_before, where=sweep.source)
    if assume and spacing and sweep.images.size:
        return with_assumed_calibration(sweep, spacing)
    return replace(sweep, pixel_spacing=spacing)


def assumes_calibration(
    transforms: Collection[str],
    config: PlusConfig | None,
    given: tuple[float, float] | None,
    *,
    assumed_before: bool = False,
    where: object = None,
) -> bool:
    """Whether ImageToProbe is to be assumed from the pixel size, because no calibration of the images is known.

    Args:
        transforms: Names of the transforms that come with the frames; none is assumed for frames without poses.
        config: Its calibration wins over an assumed one.
        given: Pixel size (x, y) in mm that the user asks for; None for the recording's own.
        assumed_before: The calibration among `transforms` was assumed, so another pixel size may replace it.
        where: Named in errors.

    Raises:
        PoseError: A pixel size is given although there is a calibration.
    """
    from edge_sdk.sweep.transforms import split_name

    names = (*transforms, *(config.transforms if config else ()))
    known = any("Image" in split_name(name) for name in names)
    if given and known and not assumed_before:
        raise PoseError(
            "there is a calibration of its images, which --pixel-spacing would contradict",
            where=where,
            remedy="leave out --pixel-spacing",
        )
    return bool(transforms) and (given is not None or not known)


def defaults_for(sweep: Sweep, defaults: ReconstructionSettings) -> ReconstructionSettings:
    """Settings where no configuration says how to reconstruct: of the B-mode region, where the recording tells it."""
    from edge_sdk.sweep.image_geometry import recorded_clip

    return replace(defaults, clip=recorded_clip(sweep))


def _posed(sweep: Sweep, options: SweepOptions) -> Sweep:
    from apps.stream.input.uris.motions import LinearMotion
    from apps.stream.input.uris.poses import PoseFileUri
    from edge_sdk.sweep.declared import fan_sweep, linear_sweep
    from edge_sdk.sweep.merging import MAX_GAP_S, with_poses
    from edge_sdk.sweep.sweep import OK

    poses = options.poses
    if poses is None and options.lag is None and options.max_gap is None:
        return sweep
    if poses is not None and not isinstance(poses, PoseFileUri):
        if options.lag is not None or options.max_gap is not None:
            raise PoseError(
                "a declared sweep has neither a lag nor gaps", where=poses.uri, remedy="leave out --lag, --max-gap"
            )
        if isinstance(poses, LinearMotion):
            return linear_sweep(sweep, speed=poses.speed, step=poses.step, direction=poses.direction)
        return fan_sweep(sweep, rate=poses.rate, step=poses.step, axis=poses.axis, radius=poses.radius)
    tracking = sweep if poses is None else _recorded_poses(poses)
    max_gap = MAX_GAP_S if options.max_gap is None else options.max_gap
    posed = with_poses(sweep, tracking, lag=options.lag or 0.0, max_gap=max_gap)
    statuses = zip(*(posed.transforms[name].status for name in tracking.transforms), strict=True)
    missing = sum(any(status != OK for status in frame) for frame in statuses)
    provenance = posed.provenance
    if poses is not None:
        # Poses that were declared before are replaced by these.
        declared = tracking.provenance.poses_declared
        provenance = replace(provenance, poses_from=poses.uri, poses_declared=declared)
    if missing:
        provenance = replace(provenance, frames_without_pose=f"{missing} (none within {max_gap:g} s, or not OK)")
    return replace(posed, provenance=provenance)


def _recorded_poses(uri: PoseFileUri) -> Sweep:
    """The poses in the file that a URI names, as a sweep without images."""
    if uri.kind == "csv":
        from edge_sdk.sweep.formats.pose_table import read_pose_table

        return read_pose_table(uri.path)
    from edge_sdk.sweep.formats import read_sweep

    return read_sweep(uri.path)


def parse_pixel_spacing(text: str | None) -> tuple[float, float] | None:
    """Size of a pixel (x, y) in mm from "0.1" or "0.1,0.12"; None where nothing was given.

    Raises:
        PoseError: It is not one or two lengths that an ultrasound image can have.
    """
    if text is None:
        return None
    try:
        values: Sequence[float] = [float(number) for number in text.split(",")]
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
