"""`edge-sdk demo`: the main job on what ships."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.progress import progress


def command(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for all that the demo makes.")] = Path("demo-out"),
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Train, quantize and export a small package first, and use that one.")
    ] = False,
) -> None:
    """Simulate a tracked sweep, stream it live, segment it in INT8, and compare with the known labels."""
    from apps.demo import run_demo
    from apps.stream.results.table import print_result

    with progress() as report_progress:
        report = run_demo(out, from_scratch=from_scratch, progress=report_progress)
    print_result(report, out)
