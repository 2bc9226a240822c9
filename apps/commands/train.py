"""edge-sdk train: labeled volumes into a checkpoint of the published form."""

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
    data: Annotated[Path, typer.Option("--data", help="Folder with images/ and labels/ (NIfTI).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run folder; an interrupted run goes on.")],
    recipe: Annotated[Path | None, typer.Option("--recipe", help="TOML recipe; see recipes/.")] = None,
    variant: Annotated[str | None, typer.Option(help="T, S, M or L; replaces the recipe's.")] = None,
    start_from: Annotated[Path | None, typer.Option("--from", help="Published checkpoint to fine-tune.")] = None,
) -> None:
    """Train the published form of EfficientMedNeXt; resumable, and shared by processes that torchrun starts."""
    require_training("edge-sdk train")
    from apps.recipes import recipe_for_command
    from quantization.run_folder import CHECKPOINT
    from quantization.training import train

    plan = recipe_for_command(recipe, data, variant)
    warn_of_unused_labels(data)
    with progress() as report, image_warnings():
        run = train(data, plan, output, start_from=start_from, progress=report)
    if (result := run.record.train) is not None:
        score = result.validation_dice
        dice = "" if score is None else f", validation Dice {score:.4f}"
        say(
            f"{run.path / CHECKPOINT}: {result.steps} steps on {result.processor}, "
            f"final loss {result.final_loss:.3f}{dice}"
        )
