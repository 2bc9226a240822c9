"""What a run knows about the package that it will become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from edge_sdk.packages.manifest import Gate, Manifest, TrainingData
from edge_sdk.variants import PATCH_MULTIPLE, VARIANTS
from quantization.recipe import Recipe
from quantization.records.stored_recipe import recipe_to_json

NO_GATE = Gate(verdict="not run", reason="no gate was asked for")


def draft_manifest(
    recipe: Recipe,
    *,
    name: str,
    precision: Mapping[str, Literal["int8", "fp32"]],
    cases: int,
    metrics: Mapping[str, JsonValue] | None = None,
    made_with: Mapping[str, str] | None = None,
    gate: Gate = NO_GATE,
    runtime_minimum: Mapping[str, str] | None = None,
    isa_notes: str = "",
) -> Manifest:
    """The manifest of a package of the recipe's network; files and hashes are filled in when it is written.

    Args:
        recipe: Recipe of the run.
        name: Name of the package.
        precision: Target to precision.
        cases: Number of training cases.
        metrics, made_with, gate, runtime_minimum, isa_notes: As in `Manifest`; None is an empty mapping.
    """
    return Manifest(
        name=name,
        variant=recipe.network.variant,
        labels=recipe.label_names,
        in_channels=1,
        patch=recipe.data.patch,
        patch_multiple=PATCH_MULTIPLE,
        spacing_mm=recipe.data.spacing_mm,
        orientation=recipe.data.anatomy,
        normalization=recipe.data.normalization,
        output_stride=1 if VARIANTS[recipe.network.variant].full_resolution else 2,
        inference=recipe.inference,
        precision=dict(precision),
        recipe=recipe_to_json(recipe),
        training_data=TrainingData(name=recipe.data.name, license=recipe.data.license, cases=cases),
        metrics=dict(metrics or {}),
        made_with=dict(made_with or {}),
        gate=gate,
        runtime_minimum=dict(runtime_minimum or {}),
        isa_notes=isa_notes,
    )
