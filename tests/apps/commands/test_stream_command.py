"""`edge-sdk stream` as a process: settings, signals, the viewer's operator, several sweeps."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pyigtl
import pytest
from websockets.sync.client import ClientConnection, connect

from apps.stream.results.report import StreamReport
from edge_sdk.simulation.simulate import simulate
from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.volume.files import read_volume
from tests.apps.commands_fixtures import failure
from tests.apps.stream.outlets.viewer.viewer_pages import received

PACKAGE = Path(__file__).resolve().parents[3] / "models" / "phantom-s-int8.edgepkg"
FILES = {
    *("volume.nii.gz", "mask.nii.gz", "measurements.json", "overlay.png"),
    *("report.html", "report.json", "summary.json"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of 90 frames, 3 s, and a settings file that streams it."""
    pytest.importorskip("openvino")
    place = tmp_path_factory.mktemp("stream")
    made = simulate(frames=90, seed=5, frame_rate=30.0)
    write_sweep(made.sweep, place / "sim.igs.mha", compressed=False)
    (place / "sim.xml").write_text(made.plus_config_xml)
    (place / "cart.toml").write_text(
        f'[source]\nuri = "replay:{place / "sim.igs.mha"}?fps=30"\n'
        f'[volume]\nconfig = ["sim.xml"]\n[package]\npath = "{PACKAGE}"\n[log]\nformat = "json"\n'
    )
    return place


@contextmanager
def app(folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """The program; killed at the end where it has not ended by itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "apps", "stream", "--settings", str(folder / "cart.toml"), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(process: subprocess.Popen[str], said: str) -> str:
    """Read its stderr up to a line that matches; the line."""
    assert process.stderr is not None
    for line in process.stderr:
        if re.search(said, line):
            return line
    pytest.fail(f"it ended without saying {said!r}")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sweep_and_saves_what_has_come(folder: Path, tmp_path: Path, number: int) -> None:
    record = tmp_path / "r.igs.mha"
    with app(folder, "-o", tmp_path / "out", "--record", record) as process:
        until(process, '"sweep started"')
        time.sleep(1.0)
        process.send_signal(number)
        code, out, err = ended(process)
    assert code == 0, err
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    report = StreamReport.model_validate_json((tmp_path / "out" / "report.json").read_text())
    assert report.status == "ended early by the user"
    frames = report.frames
    assert 10 < frames.read < 90
    assert frames.inserted == frames.read
    assert len(read_sweep(record)) == frames.read
    assert "last frame to final mask" in out
    assert report.memory.peak_rss_mb <= report.memory.stated_limit_mb
    events = [json.loads(line)["event"] for line in err.splitlines() if line.startswith("{")]
    assert events == ["sweep ended", "saved"]


class Operator:
    """A page of the viewer that looks at no picture."""

    def __init__(self, address: str, connection: ClientConnection) -> None:
        self.address, self._connection = address, connection

    def ask(self, name: str) -> None:
        self._connection.send(json.dumps({"type": "command", "name": name}))

    def wait(self, phase: str, also: Callable[[dict[str, Any]], bool] = lambda _status: True) -> dict[str, Any]:
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            # Pictures are confirmed: a page that confirms none is closed after a while.
            message = received(self._connection, timeout=30)
            if message.get("phase") == phase and also(message):
                return message
        pytest.fail(f"it never was {phase}")


@contextmanager
def operator(process: subprocess.Popen[str]) -> Iterator[Operator]:
    address = until(process, "viewer: http").split()[-1]
    with connect(address.replace("http", "ws") + "live", origin=address.rstrip("/")) as connection:  # type: ignore[arg-type]
        yield Operator(address, connection)


@pytest.mark.slow
def test_an_operator_runs_two_sweeps(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with app(folder, "-o", out, "--view", "--view-port", 0, "--also", "seg.nrrd") as process:
        with operator(process) as page:
            assert page.wait("ready")["frames_inserted"] == 0
            assert not out.exists()
            page.ask("start")
            page.wait("running", lambda status: status["frames_inserted"] > 20)
            page.ask("pause")
            paused = page.wait("paused")["frames_read"]
            time.sleep(0.7)
            assert page.wait("paused")["frames_read"] <= paused + 1
            page.ask("resume")
            page.wait("finished", lambda status: status["frames_inserted"] == 90)
            assert not out.exists()
            page.ask("save")
            assert page.wait("saved")["saved_in"] == str(out)
            page.ask("new")
            again = page.wait("ready", lambda status: status["frames_read"] == 0)
            assert (again["saved_in"], again["queues"], again["memory_limit_mb"]) == ("", [], None)
            page.ask("start")
            page.wait("running", lambda status: status["frames_inserted"] > 10)
            page.ask("finish")
            page.wait("finished")
            with urlopen(page.address + "healthz") as answer:
                assert answer.status == 200
            with urlopen(page.address + "metrics") as answer:
                assert b"frames" in answer.read()
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 0, err
    assert {path.name for path in out.iterdir()} == {*FILES, "mask.seg.nrrd"}
    second = tmp_path / "out-2"
    assert {path.name for path in second.iterdir()} == {*FILES, "mask.seg.nrrd"}, (
        "a sweep that was not saved is, at the end"
    )
    assert json.loads((out / "summary.json").read_text())["frames_inserted"] == 90
    assert 10 < json.loads((second / "summary.json").read_text())["frames_inserted"] < 90


@pytest.mark.slow
def test_others_follow_it_over_openigtlink(folder: Path, tmp_path: Path) -> None:
    with app(folder, "-o", tmp_path / "out", "--igtl-out", 0) as process:
        port = int(until(process, "OpenIGTLink: igtl://").split(":")[3].split()[0])
        client = pyigtl.OpenIGTLinkClient("127.0.0.1", port)
        try:
            mask = client.wait_for_message("Mask", timeout=30)
            volume = client.wait_for_message("Volume", timeout=30)
        finally:
            client.stop()
        code, _, err = ended(process)
    assert code == 0, err
    final = read_volume(tmp_path / "out" / "mask.nii.gz")
    assert mask.image.shape == volume.image.shape == final.voxels.shape
    assert mask.ijk_to_world_matrix @ [0, 0, 0, 1] == pytest.approx([*(np.array(final.grid.origin) * [-1, -1, 1]), 1])


@pytest.mark.slow
def test_what_could_not_be_saved_may_be_saved_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with app(folder, "-o", out, "--view", "--view-port", 0) as process, operator(process) as page:
        page.ask("start")
        page.wait("running", lambda status: status["frames_inserted"] > 10)
        (out / "mask.nii.gz").mkdir(parents=True)  # in the way
        page.ask("finish")
        page.wait("finished")
        page.ask("save")
        assert "mask.nii.gz" in page.wait("unsaved")["problem"]
        (out / "mask.nii.gz").rmdir()
        page.ask("save")
        assert page.wait("saved")["problem"] == ""
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 0, err
    assert {path.name for path in out.iterdir()} == FILES


@pytest.mark.slow
def test_without_a_start_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    with app(folder, "-o", tmp_path / "out", "--view", "--view-port", 0) as process:
        with operator(process) as page:
            page.wait("ready")
        process.send_signal(signal.SIGTERM)
        code, out, err = ended(process)
    assert (code, out) == (0, ""), err
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from apps.cli import app as commands

    (tmp_path / "cart.toml").write_text('[source]\nuri = "camera:0"\n')
    result = CliRunner().invoke(commands, ["stream", "--settings", str(tmp_path / "cart.toml")])
    assert result.exit_code == 2
    assert "--package" in result.output
    (tmp_path / "cart.toml").write_text("[sourc]\n")
    assert "did you mean source" in failure("stream", "--settings", tmp_path / "cart.toml")
