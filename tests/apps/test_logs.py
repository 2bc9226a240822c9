from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.console import SWITCHES
from apps.logs import FILE_BYTES, FILES_KEPT, LONGEST, log_event, logger_of, setup_logs
from edge_sdk.errors import EdgeSdkError

STREAM = logger_of("stream")


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    yield
    root = logging.getLogger("edge-sdk")
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(logging.NullHandler())
    root.setLevel(logging.NOTSET)


def test_nothing_is_printed_before_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    log_event(STREAM, "sensor lost", severity="error")
    assert capsys.readouterr() == ("", "")


def test_a_json_line_holds_time_level_part_event_and_fields(tmp_path: Path) -> None:
    setup_logs(form="json", file=tmp_path / "logs" / "s.log")
    log_event(STREAM, "sensor lost", severity="warning", sensor="ndi:/dev/ttyUSB0", losses=2, why=None, lag_s=0.5)
    (line,) = (tmp_path / "logs" / "s.log").read_text().splitlines()
    told = json.loads(line)
    assert list(told)[:4] == ["time", "level", "part", "event"]
    moment = datetime.fromisoformat(told.pop("time"))
    assert moment.tzinfo == UTC
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=30)
    assert told == {
        **{"level": "warning", "part": "stream", "event": "sensor lost"},
        **{"sensor": "ndi:/dev/ttyUSB0", "losses": 2, "why": None, "lag_s": 0.5},
    }


def test_a_text_line_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs()
    log_event(STREAM, "sensor lost", sensor="ndi:/dev/ttyUSB0", why="no answer", losses=2)
    time, _, rest = capsys.readouterr().err.partition(" ")
    assert datetime.fromisoformat(time).tzinfo == UTC
    assert rest == 'info stream: sensor lost sensor=ndi:/dev/ttyUSB0 why="no answer" losses=2\n'


@given(st.text(max_size=LONGEST))
def test_any_text_stays_one_line_and_comes_back(tmp_path_factory: pytest.TempPathFactory, why: str) -> None:
    for form in ("text", "json"):
        path = tmp_path_factory.getbasetemp() / f"any.{form}"
        path.unlink(missing_ok=True)
        setup_logs(form=form, file=path)  # type: ignore[arg-type]
        log_event(STREAM, "sensor lost", why=why)
        content = path.read_text()
        assert len(content.splitlines()) == 1
        if form == "json":
            assert json.loads(content)["why"] == why


def test_what_json_lacks_or_is_long_is_still_a_line(tmp_path: Path) -> None:
    setup_logs(form="json", file=tmp_path / "s.log")
    log_event(STREAM, "odd", lag_s=float("nan"), header="x" * 10_000, time="now")
    told = json.loads((tmp_path / "s.log").read_text())
    assert (told["lag_s"], len(told["header"])) == ("nan", LONGEST + 1)
    assert told["time"] != "now"


def test_less_severe_events_are_left_out(tmp_path: Path) -> None:
    setup_logs("warning", file=tmp_path / "s.log")
    log_event(STREAM, "frame")
    log_event(STREAM, "slow", severity="warning")
    assert (tmp_path / "s.log").read_text().count("\n") == 1


def test_quiet_leaves_errors_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SWITCHES, "quiet", True)
    setup_logs()
    log_event(STREAM, "slow", severity="warning")
    log_event(STREAM, "failed", severity="error")
    assert "failed" in (told := capsys.readouterr().err)
    assert "slow" not in told


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeSdkError, match=r"file/s\.log: the log cannot be written .*choose another"):
        setup_logs(file=tmp_path / "file" / "s.log")


def test_the_files_never_grow_beyond_their_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.logs.FILE_BYTES", 2_000)
    setup_logs(form="json", file=tmp_path / "s.log")
    for number in range(500):
        log_event(STREAM, "frame", number=number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + FILES_KEPT
    assert all(path.stat().st_size <= 2_000 for path in files)
    assert json.loads((tmp_path / "s.log").read_text().splitlines()[-1])["number"] == 499
    assert FILE_BYTES * (1 + FILES_KEPT) <= 25e6


def test_a_full_device_does_not_stop_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logs(file=Path("/dev/full"))
    for _ in range(3):
        log_event(STREAM, "frame")
    assert capsys.readouterr().err == (
        "warning: /dev/full: the log cannot be written ([Errno 28] No space left on device)\n"
    )


DISK_THAT_FILLS = """
import resource, sys
from pathlib import Path
from apps.logs import log_event, logger_of, setup_logs
setup_logs(form="json", file=Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
for number in range(30):
    log_event(logger_of("stream"), "frame", number=number)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log_event(logger_of("stream"), "frame", number=30)
"""


def test_after_the_disk_was_full_every_line_is_whole_and_the_lost_ones_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.log"
    done = subprocess.run(
        [sys.executable, "-c", DISK_THAT_FILLS, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stderr.count("\n") == 1
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [line["number"] for line in lines if line["event"] == "frame"]
    (lost,) = [line["lines"] for line in lines if line["event"] == "log lines lost"]
    assert kept == [*range(len(kept) - 1), 30]
    assert lost == 31 - len(kept) > 0


def test_what_a_power_cut_left_of_a_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "s.log"
    path.write_text('{"event": "a"}\n{"eve')
    setup_logs(form="json", file=path)
    log_event(STREAM, "b")
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["a", "b"]
