"""What a run knows about the package that it will become."""

from __future__ import annotations

from typing import Any, Literal

from edge_sdk.network.variants import PATCH_MULTIPLE, VARIANTS
from edge_sdk.packages.manifest import Manifest, TrainingData
from quantization.recipe import Recipe


def draft_manifest(
    recipe: Recipe, *, name: str, precision: dict[str, Literal["int8", "fp32"]], cases: int, **more: Any
) -> Manifest:
    """The manifest of a package of the recipe's network; files and hashes are filled in when it is written."""
    return Manifest(
        name=name,
        variant=recipe.network.variant,
        labels=recipe.label_names,
        in_channels=1,
        patch=recipe.data.patch,
        patch_multiple=PATCH_MULTIPLE,
        spacing_mm=recipe.data.spacing_mm,
        normalization=recipe.data.normalization,
        output_stride=1 if VARIANTS[recipe.network.variant].full_resolution else 2,
        inference=recipe.inference,
        precision=precision,
        recipe=recipe.model_dump(mode="json"),
        training_data=TrainingData(name=recipe.data.name, license=recipe.data.licence, cases=cases),
        **more,
    )
