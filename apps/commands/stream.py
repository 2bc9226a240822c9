"""`edge-sdk stream`: a sweep into a segmented volume while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.progress import progress
from apps.sweeps import LagOption, MaxGapOption, PixelSpacingOption, PosesOption, SweepOptions


def command(
    source: Annotated[
        str,
        typer.Option(
            metavar="URI",
            help="replay:FILE plays a recorded sweep by its time stamps; replay:FILE?rate=2 at twice that speed, "
            "?fps=30 at 30 frames/s, ?rate=0 (or max) as fast as the pipeline takes them, without dropping any.",
        ),
    ],
    package: Annotated[Path, typer.Option(help="The .edgepkg to segment with.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for volume, mask and report.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PLUS.xml",
            help="Calibration and VolumeReconstruction settings, which then decide the grid; again for a calibration "
            "result, the later file wins.",
        ),
    ] = None,
    target: Annotated[
        str, typer.Option(help="A target of the package, or auto: the fastest that is right here.")
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of the network; default: the runtime's.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="S.igs.mha",
            help="Also record every frame; after a crash, `edge-sdk recover S.igs.mha.recording` reads all but the "
            "last second.",
        ),
    ] = None,
    poses: PosesOption = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
) -> None:
    """Stream a tracked sweep: compound it and segment the volume at the same time.

    Leaves volume.nii.gz, mask.nii.gz, overlay.png, report.html, report.json and summary.json. The final mask equals
    what `segment` makes of the final volume. Ctrl-C ends the sweep early and finishes what has arrived.
    """
    from apps.stream.job import stream_to_folder
    from apps.stream.table import print_result

    with progress() as report_progress:
        report = stream_to_folder(
            source,
            package,
            output,
            options=SweepOptions(poses, lag, max_gap, pixel_spacing),
            config=config or (),
            target=target,
            threads=threads,
            record=record,
            progress=report_progress,
        )
    print_result(report, output)
