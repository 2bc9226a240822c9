"""edge-sdk convert: a recording of any known kind into a sequence file that PLUS and ITK read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.console import print_json
from apps.sweep_warnings import for_json, warn
from apps.sweeps import LagOption, MaxGapOption, PixelSpacingOption, PosesOption, load_sweep, sweep_options
from apps.tables import show


def command(
    sweep: Annotated[Path, typer.Argument(help="Sweep: .igs.mha, .igs.nrrd, DICOM, video, CustusX folder …")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Sweep to write: .igs.mha or .igs.nrrd.")],
    poses: PosesOption = None,
    lag: LagOption = None,
    max_gap: MaxGapOption = None,
    pixel_spacing: PixelSpacingOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Write a recording, with poses given beside it, as a sequence file that PLUS, 3D Slicer and ITK read."""
    from edge_sdk.files import check_place
    from edge_sdk.sweep.formats import sweep_writer
    from edge_sdk.sweep.sanity import check_recording

    write = sweep_writer(output)  # refused before the work
    options = sweep_options(poses, lag, max_gap, pixel_spacing)
    check_place(output, inputs=[sweep, options.pose_file])
    recording = load_sweep(sweep, options, need_poses=False)
    warnings = check_recording(recording)
    warn(warnings)
    write(recording, output, compressed=True)
    result = {
        "sweep": str(output),
        "frames": len(recording),
        "transforms": sorted(recording.transforms),
        **recording.provenance.summary(),
    }
    if as_json:
        print_json({**result, "warnings": for_json(warnings)})
    else:
        show(str(output), result)
