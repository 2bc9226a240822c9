"""edge-sdk compress: a checkpoint into a gated INT8 deploy form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.case_warnings import warn_of_unused_labels
from apps.console import say
from apps.image_warnings import image_warnings
from apps.progress import progress
from apps.training import require_training


def command(
    checkpoint: Annotated[
        Path, typer.Argument(help="Published checkpoint (.safetensors, .pt), or a run of train or compress.")
    ],
    data: Annotated[Path, typer.Option("--data", help="Folder with images/ and labels/ (NIfTI).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder; an interrupted run goes on.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", help="TOML recipe; default: that of the run.")] = None,
) -> None:
    """Deploy form by distillation, pruning, quantization-aware fine-tuning, and the accuracy gate; with a report."""
    require_training("edge-sdk compress")
    from apps.compression_report.form_tables import show_brief
    from apps.compression_report.report import PAGE, report_run
    from apps.form_latency import form_latency
    from apps.recipes import recipe_for_command
    from quantization.compress import compress
    from quantization.run_folder import RunFolder

    trained = RunFolder(checkpoint) if checkpoint.is_dir() else None
    plan = trained.recipe if recipe is None and trained else recipe_for_command(recipe, data, None)
    warn_of_unused_labels(data)
    with progress() as report, image_warnings():
        run = compress(checkpoint, data, plan, output, measure=form_latency(plan.data.patch), progress=report)
    content = report_run(run.path)
    show_brief(content.title, content.rows)
    for gate in content.verdicts:
        say(f"gate {gate.verdict}: {gate.reason}")
    say(f"report: {run.path / PAGE}")
