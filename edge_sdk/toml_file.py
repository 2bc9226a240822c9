"""TOML files checked against a model: what is wrong is told in one line, an unknown key with the nearest known one."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from edge_sdk.errors import RecipeError

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, model: type[Model], what: str) -> Model:
    """Read and check a file.

    The file's folder is the validation context "folder", for models that hold paths relative to it.

    Args:
        path: The file.
        model: Of the whole file; its sections are models themselves and forbid unknown keys.
        what: The file's kind in errors, such as "recipe".

    Raises:
        RecipeError: It cannot be read, is not TOML, holds an unknown key (the nearest known one is named), or an
            impossible value.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as cause:
        raise RecipeError(f"cannot be read ({cause})", where=path, remedy=f"give a {what} in TOML") from cause
    try:
        return model.model_validate(values, context={"folder": path.absolute().parent})
    except ValidationError as cause:
        raise RecipeError(first_fault(cause, model), where=path, remedy=f"correct the {what}") from cause


def first_fault(cause: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong first: the key, what was expected and what was given."""
    error = cause.errors()[0]
    path = [str(part) for part in error["loc"]]
    if error["type"] == "missing":
        if isinstance(error["loc"][-1], int):
            return f"{'.'.join(path[:-1])}: more values expected, got {error['input']!r}"
        return f"{'.'.join(path)} is missing"
    if error["type"] != "extra_forbidden":
        reason = error["msg"].removeprefix("Value error, ")
        # What a whole section holds is in the file.
        return f"{'.'.join(path)}: {reason}" + ("" if isinstance(error["input"], dict) else f", got {error['input']!r}")
    section: Any = model
    for part in path[:-1]:
        section = section.model_fields[part].annotation
    near = difflib.get_close_matches(path[-1], section.model_fields, n=1, cutoff=0.0)
    return f"unknown key {'.'.join(path)}, did you mean {'.'.join([*path[:-1], *near])}"
