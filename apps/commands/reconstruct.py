"""edge-sdk reconstruct: a tracked sweep into a volume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from apps.console import print_json, say
from apps.inputs import read_configs
from apps.levels import say_levels
from apps.progress import progress
from apps.sweep_warnings import for_json, look_at, memory, warn
from apps.sweeps import (
    GridOption,
    LagOption,
    MaxGapOption,
    PixelSpacingOption,
    PosesOption,
    defaults_for,
    load_sweep,
    sweep_options,
)
from apps.tables import show

Interpolation = Literal["nearest", "linear"]
Compounding = Literal["mean", "maximum", "latest", "importance"]
Mean = Literal["true", "plus"]


def command(
    sweep: Annotated[Path, typer.Argument(help="Sweep: .igs.mha, .igs.nrrd, DICOM, video, CustusX folder …")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Volume to write: .mha, .nrrd or .nii.gz.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PLUS.xml",
            help="PLUS configuration: calibration, clip region, spacing; again for a calibration result, the later "
            "file wins.",
        ),
    ] = None,
    spacing: Annotated[
        float | None, typer.Option(help="Voxel size in mm; default: the configuration's, else 0.5.")
    ] = None,
    interpolation: Annotated[
        Interpolation | None, typer.Option(help="How a pixel is spread; default: the configuration's, else linear.")
    ] = None,
    compounding: Annotated[
        Compounding | None, typer.Option(help="Where frames meet; default: the configuration's, else mean.")
    ] = None,
    mean: Annotated[
        Mean | None,
        typer.Option(
            help="true: of all pixels, rounded once; plus: PLUS's running mean, rounded at each pixel, biased low. "
            "Default: plus with a PLUS configuration, else true."
        ),
    ] = None,
    importance_mask: Annotated[
        Path | None,
        typer.Option(metavar="IMAGE", help="Weight of each pixel, 8-bit gray, of the frames' size; see --compounding."),
    ] = None,
    fill_holes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KERNEL",
            help="Fill voxels that no frame reached: stick[:length=9,sticks=1], nearest_neighbor[:size=5,ratio=0], "
            "distance_weight_inverse, gaussian[:size=5,stdev=0.6667,ratio=0], gaussian_accumulation, or none; again "
            "for a kernel to try on what is still empty.",
        ),
    ] = None,
    grid: GridOption = None,
    poses: PosesOption = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Reconstruct a volume from a sweep; options given here win over the PLUS configuration."""
    from apps.hole_filling import parse_hole_filling
    from edge_sdk.files import check_place
    from edge_sdk.sweep.gray_frames import gray_frames, levels_summary
    from edge_sdk.sweep.outside import lost_frames
    from edge_sdk.sweep.poses import image_to_world
    from edge_sdk.volume.files import volume_suffix, write_volume
    from edge_sdk.volume.grid import Volume
    from edge_sdk.volume.reconstruct import DEFAULT_SETTINGS, compound, read_out

    volume_suffix(output)  # refused before the work, as is all that follows
    options = sweep_options(poses, lag, max_gap, pixel_spacing)
    check_place(output, inputs=[sweep, *(config or ()), options.pose_file, importance_mask])
    filling = parse_hole_filling(fill_holes) if fill_holes else None
    plus = read_configs(config, grid)
    asked = (plus and plus.reconstruction and plus.reconstruction.compounding) or "mean"
    compounding = chosen_compounding(compounding, asked, mean, importance_mask)
    recording = gray_frames(load_sweep(sweep, options, config=plus))
    say_levels(recording)
    settings = (plus and plus.reconstruction) or defaults_for(recording, DEFAULT_SETTINGS)
    if spacing is not None:
        settings = settings.with_spacing((spacing,) * 3)
    settings = replace(
        settings,
        interpolation=interpolation or settings.interpolation,
        compounding=compounding,
        mean=mean or settings.mean,
        importance_mask=importance_mask or settings.importance_mask,
    )
    if filling is not None:
        settings = replace(settings, fill_holes=filling)
    where = image_to_world(recording, config=plus, image=settings.image_frame, world=settings.world_frame)
    volume_grid, warnings = look_at(recording, where, settings, plus)
    warn(warnings)
    takes = memory(volume_grid, settings, recording.images.dtype)
    if not as_json:
        say(f"memory: {takes['needed']} needed, {takes['usable']} usable")
    with progress() as report:
        compounder, summary = compound(recording, config=plus, settings=settings, poses=where, progress=report)
        voxels, _ = read_out(compounder, settings, progress=report)
    lost = lost_frames(summary.frames_outside, summary.frames_inserted + summary.frames_outside)
    warn(lost)
    warnings += lost
    summary = replace(summary, warnings=tuple(warning.what for warning in warnings))
    volume = Volume(
        voxels,
        compounder.grid,
        compounding=summary,
        provenance=recording.provenance,
        gray_range=recording.gray_range,
    )
    write_volume(volume, output)

    from apps.inspection.volumes import describe_grid

    result = {
        "volume": str(output),
        **vars(describe_grid(volume_grid)),
        "interpolation": settings.interpolation,
        "compounding": settings.compounding_text,
        **levels_summary(recording),
        **summary.frame_counts(),
        **recording.provenance.summary(),
    }
    if as_json:
        print_json({**result, "memory": takes, "warnings": for_json(warnings)})
    else:
        show(str(output), result)


def chosen_compounding(
    given: Compounding | None, configured: Compounding, mean: Mean | None, importance_mask: Path | None
) -> Compounding:
    """The compounding asked for; a mask alone asks for importance.

    Raises:
        GeometryError: A mask, or a kind of mean, for a compounding that has none.
    """
    from edge_sdk.errors import GeometryError

    chosen = given or ("importance" if importance_mask else configured)
    if importance_mask and chosen != "importance":
        raise GeometryError(
            f"--importance-mask is given with --compounding {chosen}, which weighs no pixels",
            remedy="leave out one of them, or give --compounding importance",
        )
    if mean and chosen not in ("mean", "importance"):
        raise GeometryError(
            f"--mean is given, but the compounding is {chosen}",
            remedy="leave out --mean, or give --compounding mean or importance",
        )
    return chosen
