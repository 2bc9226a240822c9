from __future__ import annotations

from pathlib import Path

import pytest

from edge_sdk.errors import RecipeError
from quantization.recipe import Recipe, read_recipe, recipe_for

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.name)
def test_shipped_recipes_are_valid(path: Path) -> None:
    assert read_recipe(path).label_names[0] == "background"


def test_a_misspelt_key_names_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('[data]\nlabels = { 0 = "background", 1 = "x" }\n[train]\nsteps = 3\nlearning_rat = 1e-3\n')
    with pytest.raises(RecipeError, match=r"unknown key train\.learning_rat, did you mean train\.learning_rate"):
        read_recipe(path)


def test_an_impossible_value_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('[data]\nlabels = { 0 = "background", 1 = "x" }\n[train]\nsteps = 0\n')
    with pytest.raises(RecipeError, match=r"train\.steps: .* greater than 0, got 0"):
        read_recipe(path)


@pytest.mark.parametrize("size", [8, 16, 40])
def test_a_patch_that_the_network_cannot_halve_is_told(tmp_path: Path, size: int) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f'[data]\nlabels = {{ 0 = "background", 1 = "x" }}\npatch = [64, 64, {size}]\n')
    with pytest.raises(RecipeError, match=r"data\.patch: .*multiple of 16"):
        read_recipe(path)


@pytest.mark.parametrize("labels", ['0 = "background"', '0 = "background", 2 = "x"', '0 = "background", vessel = "x"'])
def test_labels_that_are_not_the_networks_outputs_are_told(tmp_path: Path, labels: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f"[data]\nlabels = {{ {labels} }}\n")
    with pytest.raises(RecipeError, match=r"data\.labels: .*without a gap"):
        read_recipe(path)


def test_without_a_recipe_the_data_set_must_describe_itself(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="give --recipe"):
        recipe_for(None, tmp_path, None)
    (tmp_path / "dataset.json").write_text('{"labels": {"0": "background", "1": "x"}, "spacing_mm": 0.8}')
    assert recipe_for(None, tmp_path, "M").network.variant == "M"


@pytest.mark.parametrize(
    ("written", "limit"),
    [("", 63), ("weight_limit = 127", 127), ('isa = "vnni"', 127), ('isa = "avx2"', 63), ('isa = "neon-dotprod"', 127)],
)
def test_the_instruction_set_chooses_the_weights_range(tmp_path: Path, written: str, limit: int) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f'[data]\nlabels = {{ 0 = "background", 1 = "x" }}\n[quantize]\n{written}\n')
    recipe = read_recipe(path)
    assert recipe.quantize.weight_limit == limit
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(("isa", "limit"), [("avx2", 127), ("amx", 63)])
def test_a_range_that_contradicts_the_instruction_set_is_told(tmp_path: Path, isa: str, limit: int) -> None:
    path = tmp_path / "r.toml"
    path.write_text(
        f'[data]\nlabels = {{ 0 = "background", 1 = "x" }}\n[quantize]\nisa = "{isa}"\nweight_limit = {limit}\n'
    )
    with pytest.raises(RecipeError, match=rf"quantize: .*'{isa}'.*weight_limit = {limit} contradicts"):
        read_recipe(path)
