from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.stream.core.settings import StreamSettings, memory_bytes, read_settings, with_time
from edge_sdk.errors import RecipeError

CART = Path(__file__).resolve().parents[4] / "deploy" / "cart.toml"


def read(folder: Path, content: str) -> StreamSettings:
    path = folder / "cart.toml"
    path.write_text(content)
    return read_settings(path)


def test_the_example_is_valid_as_it_stands() -> None:
    settings = read_settings(CART)
    assert settings.source.crop == (192, 16, 420, 580)
    assert settings.volume.config == (CART.parent / "probe.xml", CART.parent / "probe.results.xml")
    assert settings.output.folder == Path("/var/lib/edge-sdk/{time}")


def test_the_example_names_every_key_that_there_is() -> None:
    """With what is commented out, too; the two boxes exclude each other."""
    text = CART.read_text()
    for name, section in StreamSettings.model_fields.items():
        assert re.search(rf"^(# )?\[{name}\]", text, re.MULTILINE), name
        keys = section.annotation.model_fields  # type: ignore[union-attr]
        body = re.split(
            r"^(?:# )?\[", text.partition(f"[{name}]\n" if f"[{name}]\n" in text else f"[{name}]")[2], flags=re.M
        )[0]
        assert set(re.findall(r"^(?:# )?(\w+) = ", body, re.MULTILINE)) == set(keys), name


def test_what_is_commented_out_is_valid_too(tmp_path: Path) -> None:
    text = re.sub(r"^# (?=\w+ = |\[)", "", CART.read_text(), flags=re.MULTILINE)
    with pytest.raises(RecipeError, match="box_mm and around_mm are two boxes, give one of them"):
        read(tmp_path, text)
    settings = read(tmp_path, re.sub(r"^around_mm.*$", "", text, flags=re.MULTILINE))
    assert settings.igtl.output_port == 18944
    assert settings.volume.box_mm == (-60, 60, -10, 110, 0, 160)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == StreamSettings()


def test_paths_are_relative_to_the_file_and_uris_are_as_written(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        '[source]\nuri = "replay:s.igs.mha"\n'
        '[volume]\nconfig = ["a.xml", "/etc/b.xml"]\n'
        '[package]\npath = "m.edgepkg"\n',
    )
    assert settings.source.uri == "replay:s.igs.mha"
    assert settings.volume.config == (tmp_path / "a.xml", Path("/etc/b.xml"))
    assert settings.package.path == tmp_path / "m.edgepkg"


def test_one_number_is_the_size_along_all_axes(tmp_path: Path) -> None:
    assert read(tmp_path, "[volume]\naround_mm = 100\n").volume.around_mm == (100, 100, 100)


@pytest.mark.parametrize(
    ("text", "count"),
    [("2GB", 2_000_000_000), ("1.5 GiB", 1_610_612_736), ("800MB", 800_000_000), (" 512 MiB ", 536_870_912)],
)
def test_a_size_of_memory_has_a_unit(tmp_path: Path, text: str, count: int) -> None:
    size = read(tmp_path, f'[volume]\nmax_memory = "{text}"\n').volume.max_memory
    assert size is not None
    assert memory_bytes(size) == count


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[source]\ncorp = [0, 0, 1, 1]", r"unknown key source\.corp, did you mean source\.crop"),
        ("[sauce]\nuri = 'camera:0'", r"unknown key sauce, did you mean source"),
        ("[volume]\nspacing_mm = 0", r"volume\.spacing_mm: .*greater than 0, got 0"),
        ("[volume]\nspacing_mm = nan", r"volume\.spacing_mm: .*finite number, got nan"),
        ("[volume]\naround_mm = [100, 100]", r"volume\.around_mm: more values expected, got \[100, 100\]"),
        ("[volume]\nbox_mm = [0, 1, 5, 5, 0, 1]", r"volume: .*box_mm must go up along y: 5 to 5"),
        ("[volume]\nmax_memory = '2'", r"volume\.max_memory: .*'2' is no size of memory; .* such as 2GB, got '2'"),
        ("[volume]\nmax_memory = '0 GB'", r"volume\.max_memory: .*such as 2GB"),
        ("[volume]\nmax_memory = '-1GB'", r"volume\.max_memory: .*such as 2GB"),
        ("[volume]\nmax_memory = '2 gallons'", r"volume\.max_memory: .*such as 2GB"),
        ("[volume]\nmax_memory = 2", r"volume\.max_memory: .*"),
        ("[source]\ncrop = [0, 0, 0, 5]", r"source\.crop\.2: .*greater than or equal to 1, got 0"),
        ("[source]\norientation = 'XY'", r"source\.orientation: .*'MF', 'MN', 'UF' or 'UN', got 'XY'"),
        ("[viewer]\nport = 70000", r"viewer\.port: .*less than or equal to 65535, got 70000"),
        ("[output]\nalso = ['png']", r"output\.also\.0: .*'mha', 'seg.nrrd', 'dcm' or 'stl', got 'png'"),
        ("[output]\nfolder = 'a/{tme}'", r"output\.folder: .*\{time\} is the only placeholder, got 'a/\{tme\}'"),
        ("[log]\nlevel = 'loud'", r"log\.level: .*got 'loud'"),
        ("[package]\nthreads = 0", r"package\.threads: .*greater than or equal to 1, got 0"),
    ],
)
def test_what_is_wrong_names_file_key_given_and_expected(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(RecipeError, match=rf"cart\.toml: {told}") as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_the_time_in_a_path_is_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")  # nine hours ahead, without summer time
    time.tzset()
    try:
        moment = datetime(2026, 11, 28, 19, 23, 35, tzinfo=UTC)
        assert with_time(Path("a/{time}/b"), moment) == Path("a/2026-11-29T04-23-35/b")
    finally:
        monkeypatch.undo()
        time.tzset()
