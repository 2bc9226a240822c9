"""Where the results of several sweeps go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from apps.stream.results.places import OutputPlaces
from edge_sdk.sweep.recording.layout import recording_of

NOW = datetime(2026, 11, 28, 20, 1, 2)


def places(folder: Path, *, several: bool, out: str = "v1.2", record: str = "S.1.igs.mha") -> OutputPlaces:
    return OutputPlaces(folder / out, folder / record, several)


def test_one_sweep_goes_where_it_was_told(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    (tmp_path / "v1.2" / "summary.json").touch()
    asked = places(tmp_path, several=False)
    assert asked.output_folder(NOW) == tmp_path / "v1.2"
    assert asked.recording_place(NOW) == tmp_path / "S.1.igs.mha"


def test_of_several_none_is_written_over(tmp_path: Path) -> None:
    asked = places(tmp_path, several=True)
    assert asked.output_folder(NOW) == tmp_path / "v1.2"
    for name in ("v1.2", "v1.2-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").touch()
    assert asked.output_folder(NOW) == tmp_path / "v1.2-3"
    (tmp_path / "S.1.igs.mha").touch()
    recording_of(tmp_path / "S.1-2.igs.mha").mkdir()
    assert asked.recording_place(NOW) == tmp_path / "S.1-3.igs.mha"


@pytest.mark.parametrize("several", [True, False])
def test_a_time_is_enough(tmp_path: Path, several: bool) -> None:
    asked = places(tmp_path, several=several, out="{time}", record="{time}.igs.mha")
    moment = NOW.astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    assert asked.output_folder(NOW) == tmp_path / moment
    assert asked.recording_place(NOW) == tmp_path / f"{moment}.igs.mha"


def test_no_recording_no_place(tmp_path: Path) -> None:
    assert OutputPlaces(tmp_path).recording_place(NOW) is None
