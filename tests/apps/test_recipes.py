"""Commands that read a recipe say once, on stderr, what is out of date in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.recipes import recipe_for_command
from tests.apps.commands_fixtures import run


@pytest.fixture
def old_recipe(tmp_path: Path) -> Path:
    path = tmp_path / "old.toml"
    path.write_text(
        '[data]\nlabels = { 0 = "background", 1 = "x" }\n'
        'normalisation = { shift = 3.0, scale = 2.0 }\nlicence = "MIT"\n'
    )
    return path


def test_old_keys_are_one_line_on_stderr(old_recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = recipe_for_command(old_recipe, old_recipe.parent, "M")
    assert (recipe.data.normalization.shift, recipe.data.license, recipe.network.variant) == (3.0, "MIT", "M")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"warning: {old_recipe}: data.normalisation is now data.normalization, data.licence is now data.license; "
        "the old name is still read\n"
    )


def test_the_command_line_shows_the_warning(old_recipe: Path) -> None:
    folder = old_recipe.parent
    _, _, stderr = run("train", "--data", folder / "none", "--recipe", old_recipe, "-o", folder / "run")
    assert stderr.count("data.licence is now data.license") == 1
    _, _, quiet = run("--quiet", "train", "--data", folder / "none", "--recipe", old_recipe, "-o", folder / "run")
    assert "warning" not in quiet
