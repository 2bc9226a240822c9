"""edge-sdk recover: what a crash left of a recording, as a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.console import print_json
from apps.tables import show


def command(
    recording: Annotated[Path, typer.Argument(help="The folder NAME.recording that `stream --record NAME` left.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Sweep to write; default: NAME, beside the recording.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Turn a recording that was cut short into a sweep: everything up to the last whole frame. The recording stays."""
    from edge_sdk.errors import EdgeSdkError
    from edge_sdk.sweep.recording.layout import SUFFIX
    from edge_sdk.sweep.recording.recovery import recover

    if output is None:
        if recording.suffix != SUFFIX:
            raise EdgeSdkError(f"is no name of a recording (…{SUFFIX})", where=recording, remedy="say -o S.igs.mha")
        output = recording.with_suffix("")
    if output.exists():
        raise EdgeSdkError("is there already", where=output, remedy="choose another -o")
    result = {"sweep": str(output), "frames": recover(recording, output), "recording": str(recording)}
    if as_json:
        print_json(result)
    else:
        show(str(output), result)
