from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from edge_sdk.errors import RecipeError
from edge_sdk.toml_file import read_toml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    folder: str = ""

    @field_validator("folder")
    @classmethod
    def _beside(cls, value: str, info: ValidationInfo) -> str:
        assert info.context is not None
        return str(info.context["folder"] / value)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: Inner = Inner()


def read(folder: Path, content: str | bytes) -> Outer:
    path = folder / "x.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_toml(path, Outer, "sheet")


def test_values_and_the_files_folder_reach_the_model(tmp_path: Path) -> None:
    got = read(tmp_path, 'name = "é"\n[inner]\nsize = 3\nfolder = "a"\n')
    assert (got.name, got.inner.size, got.inner.folder) == ("é", 3, str(tmp_path / "a"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('name = "a"\n[inner]\nsiz = 3\n', "unknown key inner.siz, did you mean inner.size; correct the sheet"),
        ('name = "a"\n[iner]\nsize = 3\n', "unknown key iner, did you mean inner; correct the sheet"),
        ('name = "a"\n[inner]\nsize = "big"\n', "inner.size: Input should be a valid integer"),
        ("[inner]\nsize = 3\n", "name is missing; correct the sheet"),
        ("name = ", "cannot be read (Invalid value"),
        (b'name = "\xff"', "cannot be read ("),
        ("name = " + "[" * 10_000, "cannot be read ("),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'x.toml'}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"absent\.toml: cannot be read .*; give a sheet in TOML"):
        read_toml(tmp_path / "absent.toml", Outer, "sheet")


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    with contextlib.suppress(RecipeError):
        read(tmp_path_factory.getbasetemp(), content)
