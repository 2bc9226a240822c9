"""Where the results of several sweeps go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from apps.stream.core.settings import StreamSettings
from apps.stream.results.places import output_folder, recording_place
from edge_sdk.sweep.recording.layout import recording_of

NOW = datetime(2026, 11, 28, 20, 1, 2)


def settings(folder: Path, *, viewer: bool, out: str = "v1.2", record: str = "S.1.igs.mha") -> StreamSettings:
    return StreamSettings.model_validate(
        {
            "viewer": {"enabled": viewer},
            "output": {"folder": folder / out},
            "recording": {"path": folder / record},
        }
    )


def test_one_sweep_goes_where_it_was_told(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    (tmp_path / "v1.2" / "summary.json").touch()
    asked = settings(tmp_path, viewer=False)
    assert output_folder(asked, NOW) == tmp_path / "v1.2"
    assert recording_place(asked, NOW) == tmp_path / "S.1.igs.mha"


def test_of_several_none_is_written_over(tmp_path: Path) -> None:
    asked = settings(tmp_path, viewer=True)
    assert output_folder(asked, NOW) == tmp_path / "v1.2"
    for name in ("v1.2", "v1.2-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").touch()
    assert output_folder(asked, NOW) == tmp_path / "v1.2-3"
    (tmp_path / "S.1.igs.mha").touch()
    recording_of(tmp_path / "S.1-2.igs.mha").mkdir()
    assert recording_place(asked, NOW) == tmp_path / "S.1-3.igs.mha"


@pytest.mark.parametrize("viewer", [True, False])
def test_a_time_is_enough(tmp_path: Path, viewer: bool) -> None:
    asked = settings(tmp_path, viewer=viewer, out="{time}", record="{time}.igs.mha")
    moment = NOW.astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    assert output_folder(asked, NOW) == tmp_path / moment
    assert recording_place(asked, NOW) == tmp_path / f"{moment}.igs.mha"


def test_no_recording_no_place(tmp_path: Path) -> None:
    nothing = StreamSettings.model_validate({"output": {"folder": tmp_path}})
    assert recording_place(nothing, NOW) is None
