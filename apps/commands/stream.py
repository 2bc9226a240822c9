"""`edge-sdk stream`: a sweep into a segmented volume while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.console import SWITCHES, console
from apps.inputs import GridChoice
from apps.progress import progress
from apps.sweeps import LagOption, MaxGapOption, PixelSpacingOption, parse_pixel_spacing


def command(
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="replay:FILE plays a recorded sweep by its time stamps; replay:FILE?rate=2 at twice that speed, "
            "?fps=30 at 30 frames/s, ?rate=0 (or max) as fast as the pipeline takes them, without dropping any, "
            "&loop=N again and again. Live: camera:0, camera:/dev/video0, igtl://HOST:PORT/DEVICE.",
        ),
    ] = None,
    package: Annotated[Path | None, typer.Option(help="The .edgepkg to segment with.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for volume, mask and report; may hold {time}."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="CART.toml", help="Settings file (docs/operation.md); options given here win over it."),
    ] = None,
    poses: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Of a recording: csv:FILE, sweep:FILE, or declared, linear:speed=10mm/s or fan:rate=10deg/s. Live: "
            "ndi:PORT, witmotion:PORT?motion=fan:, bno08x:PORT?motion=…, igtl://HOST:PORT, or declared.",
        ),
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PLUS.xml",
            help="Calibration and VolumeReconstruction settings; again for a calibration result, the later file wins.",
        ),
    ] = None,
    grid: Annotated[
        GridChoice | None,
        typer.Option(
            help="Where the volume lies: around the frames (default for a recording; a live volume grows), or in the "
            "saved OutputOrigin and OutputExtent of --config (default for a live source, where there is one)."
        ),
    ] = None,
    around: Annotated[
        str | None,
        typer.Option(
            metavar="MM[,MM,MM]",
            help="Live: size of the volume about the first frame with a pose; without it and --box the volume grows.",
        ),
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X0,X1,Y0,Y1,Z0,Z1", help="Live: the volume in the world of the poses, mm.")
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Such as 2GB: what the process may take at most. A live volume without --around, --box or an extent "
            "in --config grows up to it; default: what the device has.",
        ),
    ] = None,
    spacing: Annotated[float | None, typer.Option(metavar="MM", help="Of the volume's voxels.")] = None,
    view: Annotated[
        bool | None, typer.Option("--view/--no-view", help="Serve the viewer's page; the sweep starts there.")
    ] = None,
    view_host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Where the viewer listens; default: this device alone.")
    ] = None,
    view_port: Annotated[int | None, typer.Option(metavar="PORT", help="Of the viewer.")] = None,
    view_token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="What browsers of other devices must know; made if not given.")
    ] = None,
    igtl_out: Annotated[
        int | None, typer.Option(metavar="PORT", help="Send the growing volume and mask over OpenIGTLink.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="S.igs.mha",
            help="Also record every frame; after a crash, `edge-sdk recover S.igs.mha.recording` reads all but the "
            "last second.",
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT", help="Write the result as mha, seg.nrrd, dcm or stl too; repeatable."),
    ] = None,
    crop: Annotated[
        str | None, typer.Option(metavar="X,Y,WIDTH,HEIGHT", help="Live: the ultrasound in the frame, pixels.")
    ] = None,
    orientation: Annotated[
        str | None, typer.Option(metavar="MF|MN|UF|UN", help="Live: of the images as the source sends them.")
    ] = None,
    wait: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Live: so long a frame waits for its pose; default 0.2.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="A target of the package, or auto (default): the fastest that is right here.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of the network; default: the runtime's.")
    ] = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
) -> None:
    """Stream a tracked sweep: compound it and segment the volume at the same time.

    Leaves volume.nii.gz, mask.nii.gz, measurements.json, overlay.png, report.html, report.json and summary.json. The
    final mask equals what `segment` makes of the final volume. Ctrl-C ends the sweep early and finishes what has
    arrived.
    """
    from apps.logs import setup_logs
    from apps.stream.core.settings_from_options import merged, missing
    from apps.stream.job import run_job
    from apps.stream.results.table import print_result
    from apps.stream.stream_job import resolve

    chosen = merged(
        settings,
        source={
            "uri": source,
            "crop": None if crop is None else crop.split(","),
            "pixel_spacing_mm": parse_pixel_spacing(pixel_spacing),
            "orientation": orientation,
        },
        poses={"uri": poses, "lag_s": lag, "max_gap_s": max_gap, "wait_s": wait},
        volume={
            "config": config,
            "grid": grid,
            "box_mm": None if box is None else box.split(","),
            "around_mm": _one_or_three(around),
            "spacing_mm": spacing,
            "max_memory": max_memory,
        },
        package={"path": package, "target": target, "threads": threads},
        viewer={"enabled": view, "host": view_host, "port": view_port, "token": view_token},
        igtl={"output_port": igtl_out},
        output={"folder": output, "also": also},
        recording={"path": record},
    )
    if (needed := missing(chosen)) is not None:
        raise typer.BadParameter(f"there is no {needed}")
    # Someone who only wants a result reads the table at the end; a service's log is asked for by its settings.
    setup_logs(chosen.log.level if settings else "warning", chosen.log.format, chosen.log.file)
    with progress() as report_progress:
        report = run_job(resolve(chosen), progress=report_progress, announce=_announce)
    if report is not None:
        print_result(report, report.folder)


def _one_or_three(text: str | None) -> list[str] | None:
    if text is None:
        return None
    sizes = text.split(",")
    return sizes * 3 if len(sizes) == 1 else sizes


def _announce(text: str) -> None:
    if not SWITCHES.quiet:
        console(stderr=True).print(text, markup=False)
