"""A finished compression as the beginning of another: its student is used again where it would come out equal."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge_sdk.errors import TrainingError
from quantization.forms import DEPLOY, PUBLISHED
from quantization.recipe import Recipe, Swaps
from quantization.run_folder import CHECKPOINT, STUDENT, RunFolder
from quantization.split import Split
from quantization.stages import DISTILLATION, SWAPS

AGREEING = ("seed", "network", "data", "student")
"""Parts of a recipe that the student depends on; the study of swaps beside it may differ."""
SHARED_FORMS = (PUBLISHED, DEPLOY)


def checkpoint_of(path: Path) -> tuple[Path, RunFolder | None]:
    """The published checkpoint behind a file or a run, and the run.

    Raises:
        TrainingError: The run holds no checkpoint.
    """
    if not path.is_dir():
        return path, None
    run = RunFolder(path)
    if not (path / CHECKPOINT).is_file():
        run.description  # noqa: B018 (a folder without run.json is told as such)
        raise TrainingError(
            f"holds no {CHECKPOINT}",
            where=path,
            remedy="resume it until it is finished, or give the published checkpoint itself",
        )
    return path / CHECKPOINT, run


def take_over(source: RunFolder, run: RunFolder, split: Split) -> None:
    """Copy the student, what is known of it, and the scores of the forms before pruning, if the recipes allow it.

    Scores are copied only where they were taken on the same files in the same way.
    """
    theirs, ours = source.recipe, run.recipe
    stages = source.description.get("stages", {})
    if DISTILLATION not in stages or not _agree(theirs, ours):
        return
    said = source.description
    if said.get("cases") != split.names():
        return
    for name in (STUDENT, f"{DISTILLATION}-losses.csv"):
        shutil.copyfile(source.path / name, run.path / name)
    metrics = said.get("metrics", {})
    identities = {case.identity for case in split.gate}
    same_way = theirs.inference == ours.inference
    shared = {
        form: metrics[form]
        for form in SHARED_FORMS
        if same_way and form in metrics and set(metrics[form]["cases"]) == identities
    }
    if shared:
        run.record("metrics", shared)
    if SWAPS in stages and theirs.student.swaps == ours.student.swaps:
        run.record_stage(SWAPS, stages[SWAPS])
    report = stages[DISTILLATION]
    note = f"The student is that of {source.path.name}, whose recipe agrees in {', '.join(AGREEING)}."
    run.record_stage(DISTILLATION, {**report, "notes": [*report["notes"], note]})


def _agree(theirs: Recipe, ours: Recipe) -> bool:
    one, other = (
        recipe.model_copy(update={"student": recipe.student.model_copy(update={"swaps": Swaps()})})
        for recipe in (theirs, ours)
    )
    return all(getattr(one, part) == getattr(other, part) for part in AGREEING)
