"""What a run knows about the package that it will become."""

from __future__ import annotations

from typing import Any, Literal

from edge_sdk.graph import Graph
from edge_sdk.manifest import Manifest, TrainingData
from quantization.recipe import Recipe


def draft_manifest(
    recipe: Recipe, graph: Graph, *, name: str, precision: dict[str, Literal["int8", "fp32"]], cases: int, **more: Any
) -> Manifest:
    """The manifest of a package of `graph`; files and hashes are filled in when it is written."""
    return Manifest(
        name=name,
        variant=recipe.network.variant,
        labels=recipe.label_names,
        in_channels=graph.in_channels,
        patch=recipe.data.patch,
        patch_multiple=graph.patch_multiple,
        spacing_mm=recipe.data.spacing_mm,
        normalisation=recipe.data.normalisation,
        output_stride=graph.output_stride,
        precision=precision,
        recipe=recipe.model_dump(mode="json"),
        training_data=TrainingData(name=recipe.data.name, licence=recipe.data.licence, cases=cases),
        **more,
    )
