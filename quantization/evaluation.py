"""Dice of a module on held-out cases, through the same tiles as every target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from edge_sdk.inference.cases import Case
from edge_sdk.inference.segment import segment
from edge_sdk.manifest import Manifest
from edge_sdk.metrics import Scores, dice_per_class, mean_dice, mean_over_cases
from edge_sdk.network.module_session import ModuleSession
from edge_sdk.progress import Progress
from quantization.data import read_case
from quantization.draft_manifest import draft_manifest
from quantization.recipe import Recipe


def dice_on(cases: Sequence[Case], recipe: Recipe) -> Callable[[nn.Module], float]:
    """Mean Dice of a module on cases, for `Fitting`."""
    manifest = draft_manifest(recipe, name="validation", precision={"torch": "fp32"}, cases=0)

    def score(module: nn.Module) -> float:
        mean = evaluate(module, cases, recipe, manifest)["mean"]
        return float("nan") if mean is None else float(mean)

    return score


def evaluate(
    module: nn.Module,
    cases: Sequence[Case],
    recipe: Recipe,
    manifest: Manifest,
    *,
    progress: Progress | None = None,
    label: str = "evaluate",
) -> dict[str, Any]:
    """Dice per class and mean over the cases.

    Returns:
        "dice" {class name: value}, "mean", and "cases" {case identity: {class number as text: Dice}}.
    """
    names = recipe.label_names
    scores: dict[str, Scores] = {}
    with ModuleSession(module) as session:
        for done, case in enumerate(cases, 1):
            image, truth = read_case(case, recipe)
            mask = segment(session, image, manifest)
            scores[case.identity] = dice_per_class(mask.voxels, truth.voxels, sorted(names)[1:])
            if progress is not None:
                progress(done, len(cases), label)
    means = [value for case_scores in scores.values() if (value := mean_dice(case_scores)) is not None]
    return {
        "dice": {names[key]: value for key, value in mean_over_cases(list(scores.values())).items()},
        "mean": float(np.mean(means)) if means else None,
        "cases": {name: {str(key): value for key, value in case.items()} for name, case in scores.items()},
    }
