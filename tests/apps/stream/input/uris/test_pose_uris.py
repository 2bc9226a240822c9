"""Pose URIs: what each kind comes to, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.input.uris.motions import FanMotion, LinearMotion, parse_measured_motion, parse_motion
from apps.stream.input.uris.poses import (
    ImuUri,
    NdiUri,
    PoseFileUri,
    live_poses,
    parse_poses,
    recorded_poses,
)
from apps.stream.input.uris.sources import PeerUri
from apps.sweeps import SweepOptions, load_sweep
from edge_sdk.errors import EdgeSdkError, PoseError
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.sweep import Sweep


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Three frames, half a second apart."""
    path = tmp_path / "s.igs.mha"
    write_sweep(Sweep(np.zeros((3, 4, 5), np.uint8), np.array([0.0, 0.5, 1.0])), path)
    return path


@pytest.mark.parametrize(
    ("uri", "summary"),
    [
        ("linear:speed=10mm/s", "linear, 10 mm/s along z of the probe"),
        ("linear:speed=10", "linear, 10 mm/s along z of the probe"),
        ("linear:step=.5mm,direction=-x", "linear, 0.5 mm/frame along -x of the probe"),
        ("linear:direction=y,speed=-1e1 mm/s", "linear, -10 mm/s along y of the probe"),
        ("fan:rate=12deg/s", "fan, 12 °/s about x of the probe"),
        ("fan:step=2deg,radius=20mm", "fan, 2 °/frame about x of the probe at 20 mm"),
        ("fan:step=2,axis=y", "fan, 2 °/frame about y of the probe"),
    ],
)
def test_declared_sweeps(recording: Path, uri: str, summary: str) -> None:
    options = SweepOptions(recorded_poses(parse_poses(uri)))
    assert load_sweep(recording, options).provenance.poses_declared == summary


@pytest.mark.parametrize(
    "uri",
    [
        "linear:", "linear:speed", "linear:speed=", "linear:speed=fast", "linear:speed=10cm/s", "linear:rate=1",
        "linear:speed=1,speed=2", "linear:speed=1.2.3", "linear:speed=1,direction=w", "fan:rate=1,axis=z",
        "fan:speed=1", "fan:rate=1deg/s,step=1deg", "linear:speed=0", "fan:radius=2", "fan:rate=1,axis=y,radius=2",
    ],
)  # fmt: skip
def test_impossible_declarations(uri: str) -> None:
    with pytest.raises(PoseError) as caught:
        parse_poses(uri)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("uri", ["fan:rate=1", "fan:axis=y", "linear:direction=x", "csv:a.csv", "fan:step=1,radius=2"])
def test_a_sensor_measures_how_the_probe_turns(uri: str) -> None:
    with pytest.raises(PoseError):
        parse_measured_motion(uri)


def test_a_motion_is_what_it_says() -> None:
    assert parse_motion("linear:speed=-3mm/s,direction=+y") == LinearMotion(-3.0, direction="+y")
    assert parse_motion("fan:step=1.5deg,axis=y") == FanMotion(step=1.5, axis="y")
    assert parse_measured_motion("fan:") == FanMotion()
    assert parse_measured_motion("fan:radius=20mm") == FanMotion(radius=20.0)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("csv:a:b?c.csv", PoseFileUri("csv", Path("a:b?c.csv"))),
        ("sweep:t.igs.mha", PoseFileUri("sweep", Path("t.igs.mha"))),
        ("ndi:/dev/ttyUSB0", NdiUri("/dev/ttyUSB0")),
        (
            "ndi:COM3?probe=0A&reference=0B&rom=a+b.rom&rom=c%26d.rom&baud=921600&ascii=1",
            NdiUri("COM3", "0A", "0B", (Path("a+b.rom"), Path("c&d.rom")), 921_600, True),
        ),
        ("witmotion:COM1?motion=fan:radius=5mm&rate=200", ImuUri("witmotion", "COM1", FanMotion(radius=5.0), rate=200)),
        (
            "bno08x:COM1?motion=linear:speed=3mm/s,direction=+z",
            ImuUri("bno08x", "COM1", LinearMotion(3.0, direction="+z")),
        ),
        ("igtl://localhost", PeerUri("localhost", 18944)),
    ],
)
def test_each_kind_has_its_specification(uri: str, expected: object) -> None:
    found = parse_poses(uri)
    assert found == expected
    assert found.uri == uri


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "csv:FILE"),
        ("csv:", "csv:FILE"),
        ("poses.csv", "csv:FILE"),
        ("vicon:a", "is not a pose URI"),
        ("ndi:", "names no port"),
        ("ndi:/dev/tty0?tool=1", "option 'tool' is not known, did you mean 'rom'"),
        ("ndi:/dev/tty0?refrence=1", "did you mean 'reference'; ndi takes baud"),
        ("ndi:/dev/tty0?baud=fast", "baud=fast"),
        ("ndi:/dev/tty0?baud=300", "300 baud is not supported"),
        ("ndi:/dev/tty0?probe=0A&probe=0B", "'probe' is given twice"),
        ("ndi:/dev/tty0?probe=", "probe= is empty"),
        ("ndi:/dev/tty0?ascii=yes", "ascii=yes is not one of 0, 1"),
        ("witmotion:/dev/tty0", "measures how the probe turns, not where it is"),
        ("witmotion:/dev/tty0?motion=fan:&rate=50", "50 measurements per second"),
        ("bno08x:/dev/tty0?motion=fan:rate=1", "a sensor measures how the probe turns"),
        ("bno08x:/dev/tty0?motion=fan:&rate=100", "'rate' is not known"),
        ("linear:sped=1", "did you mean 'speed'"),
    ],
)
def test_what_is_not_understood_is_told_in_one_line(uri: str, says: str) -> None:
    with pytest.raises(PoseError) as caught:
        parse_poses(uri)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sensors_have_no_poses_of_recordings_and_files_none_of_live_frames() -> None:
    with pytest.raises(PoseError, match=r"is a live sensor.*use csv:FILE"):
        recorded_poses(parse_poses("ndi:/dev/ttyUSB0"))
    with pytest.raises(PoseError, match="cannot be matched to live frames"):
        live_poses(parse_poses("csv:poses.csv"))
    declared = parse_poses("linear:speed=1")
    assert recorded_poses(parse_poses("linear:speed=1")) == live_poses(declared) == declared


@given(text=st.text(max_size=40) | st.sampled_from(["ndi:a?", "fan:", "witmotion:a?motion="]).flatmap(
    lambda start: st.text(max_size=30).map(lambda rest: start + rest)))  # fmt: skip
def test_any_text_is_understood_or_refused_in_one_line(text: str) -> None:
    try:
        assert parse_poses(text).uri == text
        return
    except EdgeSdkError as error:
        caught = error
    assert "\n" not in str(caught)


def test_files(tmp_path: Path, recording: Path) -> None:
    table = tmp_path / "a:b.csv"
    table.write_text("timestamp,tx,ty,tz,qx,qy,qz,qw\n0,1,2,3,0,0,0,1\n1,1,2,3,0,0,0,1\n")
    read = load_sweep(recording, SweepOptions(PoseFileUri("csv", table, "csv:a:b.csv"), max_gap=2.0))
    assert read.transforms["ProbeToReference"].matrices[0, :3, 3].tolist() == [1, 2, 3]
    tracker = Sweep(np.zeros((3, 0, 0), np.uint8), read.timestamps, read.transforms)
    write_sweep(tracker, tmp_path / "t.igs.mha")
    again = load_sweep(recording, SweepOptions(PoseFileUri("sweep", tmp_path / "t.igs.mha"), max_gap=2.0))
    assert again.transforms["ProbeToReference"].matrices[1, :3, 3].tolist() == [1, 2, 3]
    with pytest.raises(EdgeSdkError, match=r"none\.csv"):
        load_sweep(recording, SweepOptions(PoseFileUri("csv", tmp_path / "none.csv")))
