"""A recipe in run.json and in manifests: plain JSON with the keys that every version has written."""

from __future__ import annotations

from pydantic import JsonValue

from quantization.recipe import NO_ORIENTATION, Recipe
from quantization.recipe_keys import from_stored_keys, to_stored_keys


def recipe_to_json(recipe: Recipe) -> dict[str, JsonValue]:
    """The recipe as JSON, every default included.

    Keys of `data` that came later are left out where they say what runs before them did: orientation "none", and no
    full scale.
    """
    values: dict[str, JsonValue] = recipe.model_dump(mode="json")
    data = to_stored_keys(recipe.data.model_dump(mode="json", exclude={"normalization"}))
    if recipe.data.anatomy is None:
        del data["orientation"]
    normalization = recipe.data.normalization
    later = {"full_scale"} if normalization.full_scale is None else set[str]()
    scales = to_stored_keys({"normalization": normalization.model_dump(mode="json", exclude=later)})
    return {**values, "data": {**data, **scales}}


def recipe_from_json(values: JsonValue) -> Recipe:
    """The recipe behind what `recipe_to_json` gave.

    Raises:
        ValidationError: It is no recipe that this version understands.
    """
    if isinstance(values, dict) and isinstance(data := values.get("data"), dict):
        # Runs without the key are older than it: their cases were taken as they are stored.
        values = {**values, "data": {"orientation": NO_ORIENTATION, **from_stored_keys(data)}}
    return Recipe.model_validate(values)
