"""Recipes with keys of an earlier version."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from edge_sdk.errors import RecipeError
from quantization.recipe import Recipe, read_recipe
from quantization.recipe_keys import RenamedKeyWarning
from quantization.records.stored_recipe import recipe_from_json, recipe_to_json

DATA = '[data]\nlabels = { 0 = "background", 1 = "x" }\n'


def written(folder: Path, lines: str) -> Path:
    path = folder / "r.toml"
    path.write_text(DATA + lines)
    return path


def test_old_keys_are_read_with_one_warning_that_names_old_and_new(tmp_path: Path) -> None:
    old = written(tmp_path, 'normalisation = { kind = "zscore" }\nlicence = "MIT"\n')
    with pytest.warns(RenamedKeyWarning) as caught:
        recipe = read_recipe(old)
    (warning,) = caught
    assert "data.normalisation is now data.normalization, data.licence is now data.license" in str(warning.message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert recipe == read_recipe(written(tmp_path, 'normalization = { kind = "zscore" }\nlicense = "MIT"\n'))


def test_old_and_new_key_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"data: licence is the old name of license"):
        read_recipe(written(tmp_path, 'licence = "MIT"\nlicense = "MIT"\n'))


def test_a_misspelt_key_names_the_new_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"unknown key data\.normalizaton, did you mean data\.normalization"):
        read_recipe(written(tmp_path, 'normalizaton = { kind = "zscore" }\n'))


def test_stored_recipes_are_read_without_a_warning() -> None:
    recipe = Recipe.model_validate({"data": {"labels": {"0": "background", "1": "x"}, "license": "MIT"}})
    stored = recipe_to_json(recipe)
    data = stored["data"]
    assert isinstance(data, dict)
    assert data["licence"] == "MIT"
    assert "license" not in data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert recipe_from_json(stored) == recipe
