"""edge-sdk compress-report: compressions of one checkpoint side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.console import say
from apps.training import require_training


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished compressions.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for the page, its Markdown, JSON and figure."),
    ],
    latency: Annotated[
        bool, typer.Option("--latency/--no-latency", help="Time all forms anew, together; or take what runs recorded.")
    ] = True,
) -> None:
    """One table and one figure of several compressions of the same checkpoint, evaluated on the same cases."""
    require_training("edge-sdk compress-report")
    from apps.compression_report.form_tables import show_brief
    from apps.compression_report.report import PAGE, report_runs
    from apps.form_latency import form_latency
    from quantization.run_folder import RunFolder

    measure = form_latency(RunFolder(runs[0]).recipe.data.patch) if latency else None
    content = report_runs(runs, output, measure=measure)
    show_brief(content.title, content.rows)
    say(f"report: {output / PAGE}")
