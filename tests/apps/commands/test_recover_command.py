"""`edge-sdk recover`, by hand and after the app was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_sdk.simulation.simulate import simulate
from edge_sdk.sweep.formats import read_sweep, write_sweep
from edge_sdk.sweep.recording.layout import recording_of
from edge_sdk.sweep.recording.recorder import SYNC_S, SweepRecorder
from edge_sdk.sweep.recording.template import RecordingTemplate
from tests.apps.commands_fixtures import failure, run_json

PACKAGE = Path(__file__).resolve().parents[3] / "models" / "phantom-s-int8.edgepkg"
KILLS = int(os.environ.get("EDGE_SDK_KILLS", "4"))


def test_what_was_recorded_becomes_a_sweep(tmp_path: Path) -> None:
    path = tmp_path / "S.igs.mha"
    with SweepRecorder(path, RecordingTemplate((6, 8))) as recorder:
        for number in range(3):
            recorder.add(np.full((6, 8), number, np.uint8), number / 10, {})
    result = run_json("recover", recording_of(path))
    assert (result["sweep"], result["frames"]) == (str(path), 3)
    assert len(read_sweep(path)) == 3
    assert "is there already" in failure("recover", recording_of(path))
    assert len(read_sweep(Path(run_json("recover", recording_of(path), "-o", tmp_path / "T.igs.nrrd")["sweep"]))) == 3


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    assert "no name of a recording" in failure("recover", tmp_path)
    assert "is no recording (No such file" in failure("recover", tmp_path / "S.igs.mha.recording")


@pytest.mark.slow
def test_a_killed_app_loses_at_most_one_sync_interval(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    sweep = tmp_path / "sim.igs.mha"
    made = simulate(frames=150, seed=3, frame_rate=30.0)
    write_sweep(made.sweep, sweep, compressed=False)
    (tmp_path / "sim.xml").write_text(made.plus_config_xml)
    random = np.random.default_rng(11)
    for attempt in range(KILLS):
        path = tmp_path / f"{attempt}.igs.mha"
        arguments = ["--source", f"replay:{sweep}?fps=30", "--package", PACKAGE, "--config", tmp_path / "sim.xml"]
        app = subprocess.Popen(
            [sys.executable, "-m", "apps", "--quiet", "stream", *arguments, "--record", path, "-o", tmp_path / "out"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        frames = recording_of(path) / "frames.jsonl"
        limit = time.monotonic() + 60
        while not frames.exists() or frames.read_bytes().count(b"\n") < 2:
            assert app.poll() is None, app.stderr and app.stderr.read()
            assert time.monotonic() < limit
            time.sleep(0.01)
        first = time.monotonic()
        time.sleep(random.uniform(0.1, 4.5))
        os.kill(app.pid, signal.SIGKILL)
        arrived = 30 * (time.monotonic() - first)
        app.wait()
        recovered = run_json("recover", recording_of(path))["frames"]
        assert recovered >= min(arrived, 150) - 30 * SYNC_S - 1, (attempt, recovered, arrived)
        played, again = read_sweep(sweep), read_sweep(path)
        np.testing.assert_array_equal(again.images, played.images[:recovered])
        assert json.dumps(list(again.transforms)) == json.dumps(list(played.transforms))
