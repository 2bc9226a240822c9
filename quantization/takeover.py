"""A finished compression as the beginning of another: its student is used again where it would come out equal."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge_sdk.errors import TrainingError
from quantization.recipe import Recipe, SwapsRecipe
from quantization.records.forms import DEPLOY, PUBLISHED
from quantization.records.stage import DISTILLATION
from quantization.run_folder import CHECKPOINT, STUDENT, RunFolder, changed_cases
from quantization.split import DatasetSplit

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
        run.record  # noqa: B018 (raises an error of its own where the folder is no run)
        raise TrainingError(
            f"holds no {CHECKPOINT}",
            where=path,
            remedy="resume it until it is finished, or give the published checkpoint itself",
        )
    return path / CHECKPOINT, run


def take_over(source: RunFolder, run: RunFolder, split: DatasetSplit) -> None:
    """Copy the student, what is known of it, and the scores of the forms before pruning, if the recipes allow it.

    Nothing is copied where an image or labels changed since then. Scores are copied only where they were taken on the
    same files in the same way.
    """
    theirs, ours = source.recipe, run.recipe
    known = source.record
    distilled, swaps = known.stages.distill, known.stages.swaps
    if distilled is None or not _agree(theirs, ours):
        return
    if known.cases is None or known.cases.by_part() != split.names().by_part():
        return
    if changed_cases(known.contents, split.contents()):
        return
    for name in (STUDENT, f"{DISTILLATION}-losses.csv"):
        shutil.copyfile(source.path / name, run.path / name)
    identities = {case.identity for case in split.gate}
    same_way = theirs.inference == ours.inference
    shared = {
        form: known.metrics[form]
        for form in SHARED_FORMS
        if same_way and form in known.metrics and set(known.metrics[form].cases) == identities
    }
    if shared:
        with run.update() as record:
            record.metrics = shared
    if swaps is not None and theirs.student.swaps == ours.student.swaps:
        run.record_stage(swaps)
    note = f"The student is that of {source.path.name}, whose recipe agrees in {', '.join(AGREEING)}."
    if not known.contents:
        note += " That run recorded its cases by name only, so a case changed since then was not noticed."
    run.record_stage(distilled.model_copy(update={"notes": [*distilled.notes, note]}))


def _agree(theirs: Recipe, ours: Recipe) -> bool:
    """Whether two recipes give the same student."""
    one, other = (
        (recipe.seed, recipe.network, recipe.data, recipe.student.model_copy(update={"swaps": SwapsRecipe()}))
        for recipe in (theirs, ours)
    )
    return one == other
