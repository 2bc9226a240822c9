"""Reading recipes for commands: what is out of date in a recipe becomes a warning on stderr."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from apps.sweep_warnings import warn_of

if TYPE_CHECKING:
    from quantization.recipe import Recipe


def recipe_for_command(path: Path | None, data: Path, variant: str | None) -> Recipe:
    """The recipe of a file, or the defaults for a data folder; renamed keys are one warning line on stderr.

    Args:
        path: Recipe file; None takes the defaults.
        data: Data folder.
        variant: Variant that replaces the recipe's; None keeps it.

    Raises:
        RecipeError: As `quantization.recipe.recipe_for`.
    """
    from quantization.recipe import recipe_for
    from quantization.recipe_keys import RenamedKeyWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RenamedKeyWarning)
        recipe = recipe_for(path, data, variant)
    for warning in caught:
        if isinstance(warning.message, RenamedKeyWarning):
            warn_of(f"{path}: {warning.message}")
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return recipe
