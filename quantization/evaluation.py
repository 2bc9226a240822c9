"""Dice and HD95 of a module on held-out cases, through the same tiles as every target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from torch import nn

from edge_sdk.inference.cases import Case
from edge_sdk.inference.segment import segment
from edge_sdk.metrics import Scores, dice_per_class, mean_over_cases, mean_over_classes
from edge_sdk.network.module_session import ModuleSession
from edge_sdk.packages.manifest import Manifest
from edge_sdk.progress import Progress
from edge_sdk.volume.grid import Volume
from quantization.data import read_case
from quantization.draft_manifest import draft_manifest
from quantization.recipe import Recipe
from quantization.records.forms import ClassScores, FormAccuracy
from quantization.surface_distance import hd95_per_class


def dice_on(cases: Sequence[Case], recipe: Recipe) -> Callable[[nn.Module], float]:
    """Mean Dice of a module on cases, for `Fitting`."""
    manifest = draft_manifest(recipe, name="validation", precision={"torch": "fp32"}, cases=0)
    classes = sorted(recipe.label_names)[1:]

    def score(module: nn.Module) -> float:
        masks = _masks(module, cases, recipe, manifest)
        mean = _mean([dice_per_class(mask.voxels, truth.voxels, classes) for _, mask, truth in masks])
        return float("nan") if mean is None else mean

    return score


def evaluate(
    module: nn.Module,
    cases: Sequence[Case],
    recipe: Recipe,
    manifest: Manifest,
    *,
    progress: Progress | None = None,
    label: str = "evaluate",
) -> FormAccuracy:
    """Dice and HD95 per class, averaged over the cases that have the class, and of each case.

    Args:
        module: Network to evaluate.
        cases: Held-out cases.
        recipe: Recipe of the network.
        manifest: How volumes are segmented.
        progress: Called after every case.
        label: Text for the progress.

    Returns:
        A score is None where a class (or everything) is in neither mask nor labels; `hd95_per_class` says what an
        empty mask costs.
    """
    names = recipe.label_names
    dice: dict[str, ClassScores] = {}
    hd95: dict[str, ClassScores] = {}
    for done, (case, mask, truth) in enumerate(_masks(module, cases, recipe, manifest), 1):
        dice[case.identity] = dice_per_class(mask.voxels, truth.voxels, sorted(names)[1:])
        hd95[case.identity] = hd95_per_class(mask, truth, sorted(names)[1:])
        if progress is not None:
            progress(done, len(cases), label)
    return FormAccuracy(
        dice=_by_name(dice, names),
        mean=_mean(list(dice.values())),
        cases=dice,
        hd95_mm=_by_name(hd95, names),
        hd95_mean_mm=_mean(list(hd95.values())),
        hd95_cases=hd95,
    )


def _masks(
    module: nn.Module, cases: Sequence[Case], recipe: Recipe, manifest: Manifest
) -> Iterator[tuple[Case, Volume, Volume]]:
    """(case, mask, labels) of every case."""
    with ModuleSession(module) as session:
        for case in cases:
            image, truth = read_case(case, recipe)
            yield case, segment(session, image, manifest, where=case.image), truth


def _mean(cases: Sequence[Scores]) -> float | None:
    means = [value for scores in cases if (value := mean_over_classes(scores)) is not None]
    return float(np.mean(means)) if means else None


def _by_name(cases: Mapping[str, Scores], names: Mapping[int, str]) -> dict[str, float | None]:
    return {names[key]: value for key, value in mean_over_cases(list(cases.values())).items()}
