"""Options win over the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.stream.core.settings_from_options import merged, missing
from edge_sdk.errors import RecipeError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cart.toml"
    path.write_text(
        '[source]\nuri = "camera:0"\n[package]\npath = "a.edgepkg"\nthreads = 2\n'
        '[output]\nfolder = "out"\nalso = ["stl"]\n'
    )
    return path


def test_what_is_given_wins_and_the_rest_stays(file: Path) -> None:
    chosen = merged(file, source={"uri": "camera:1", "crop": ["1", "2", "30", "40"]}, package={"threads": None})
    assert chosen.source.uri == "camera:1"
    assert chosen.source.crop == (1, 2, 30, 40)
    assert chosen.package.threads == 2
    assert chosen.package.path == file.parent / "a.edgepkg"
    assert chosen.output.also == ("stl",)
    assert missing(chosen) is None


def test_the_memory_limit_of_the_command_line_wins_and_is_checked(file: Path) -> None:
    file.write_text(file.read_text() + '[volume]\nmax_memory = "1GB"\n')
    assert merged(file, volume={"max_memory": None}).volume.max_memory == "1GB"
    assert merged(file, volume={"max_memory": "1.5GiB"}).volume.max_memory == "1.5GiB"
    with pytest.raises(RecipeError, match=r"max_memory: .*give a number and MB, GB, MiB or GiB, such as 2GB"):
        merged(file, volume={"max_memory": "lots"})


def test_a_box_of_the_command_line_replaces_the_files_size(file: Path) -> None:
    file.write_text(file.read_text() + "[volume]\naround_mm = 100\n")
    chosen = merged(file, volume={"box_mm": ["0", "9", "0", "9", "0", "9"], "around_mm": None})
    assert (chosen.volume.box_mm, chosen.volume.around_mm) == ((0, 9, 0, 9, 0, 9), None)
    with pytest.raises(RecipeError, match="two boxes"):
        merged(None, volume={"box_mm": ["0", "9"] * 3, "around_mm": ["5"] * 3})


def test_what_is_missing_is_named() -> None:
    said = missing(merged(None, source={"uri": "camera:0"}))
    assert said is not None
    assert said.startswith("--package (or path in [package]")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"volume": {"box_mm": ["0", "1"]}}, "volume.box_mm"),
        ({"volume": {"box_mm": ["0", "1", "0", "1", "5", "5"]}}, "box_mm must go up along z"),
        ({"volume": {"around_mm": ["-3"] * 3}}, "volume.around_mm"),
        ({"output": {"also": ["jpg"]}}, "output.also"),
        ({"viewer": {"port": 99999}}, "viewer.port"),
        ({"source": {"orientation": "XX"}}, "source.orientation"),
    ],
)
def test_impossible_options_are_one_line(options: dict[str, dict[str, object]], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        merged(None, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
