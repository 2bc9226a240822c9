"""Whole live sweeps: a camera, a tracker on a serial port that is unplugged, an OpenIGTLink peer."""

from __future__ import annotations

import _thread
import itertools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyigtl
import pytest

from apps.stream import job
from apps.stream.core.growing_volume import BEYOND
from apps.stream.core.settings import StreamSettings
from apps.stream.input.live import devices
from apps.stream.results.report import StreamReport
from apps.stream.stream_job import resolve
from edge_sdk.errors import DeviceError, EdgeSdkError
from edge_sdk.inference.segment import segment
from edge_sdk.packages.manifest import Manifest
from edge_sdk.simulation.igtl_peer import SimulatedPeer
from edge_sdk.simulation.serial_devices.ndi import SimulatedNdi
from edge_sdk.simulation.serial_devices.pseudo_port import PseudoPort
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.formats import read_sweep
from edge_sdk.volume.files import read_volume

pytestmark = pytest.mark.usefixtures("package")
FPS = 40
CYCLES = int(os.environ.get("EDGE_SDK_CYCLES", "4"))


class Camera:
    """Noise at a steady pace; it can vanish, and come back with frames of another size."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.gone = False
        self.shape = (24, 30)
        self.given = 0
        self.levels: tuple[type, int] = (np.uint8, 255)
        self._noise = np.random.default_rng(1)

    @contextmanager
    def opened(self, _source: int | str, *, now: Callable[[], float], **_asked: object) -> Iterator[Camera]:
        if self.gone:
            raise DeviceError("is not there", where="camera:0", remedy="plug it in")
        self._now = now
        yield self

    def poll(self) -> list[TimedImage]:
        time.sleep(1 / FPS)
        if self.gone:
            raise DeviceError("is gone", where="camera:0", remedy="plug it in")
        self.given += 1
        kind, white = self.levels
        return [TimedImage(self._noise.integers(1, white, self.shape, dtype=kind), self._now(), number=self.given)]

    def silence(self) -> str:
        return "sends nothing"


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Camera:
    made = Camera()
    monkeypatch.setattr(devices, "open_camera", made.opened)
    return made


def settings_of(folder: Path, source: str, poses: str | None, **volume: Any) -> StreamSettings:
    return StreamSettings.model_validate(
        {
            "source": {"uri": source, "pixel_spacing_mm": [1, 1]},
            "poses": {"uri": poses},
            "volume": volume,
            "package": {"path": "p.edgepkg"},
            "output": {"folder": folder / "out"},
            "recording": {"path": folder / "r.igs.mha"},
        }
    )


def run_while(settings: StreamSettings, act: Callable[[], None]) -> StreamReport:
    """Stream until `act` has ended; then as at Ctrl-C."""
    failed: list[BaseException] = []

    def acting() -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)
        _thread.interrupt_main()

    thread = threading.Thread(target=acting)
    thread.start()
    try:
        report = job.run_job(resolve(settings))
    finally:
        thread.join()
    assert not failed, failed
    assert report is not None
    return report


def recorded_at_least(folder: Path, frames: int) -> None:
    """Wait until the recording that runs has so many frames."""
    lines, limit = folder / "r.igs.mha.recording" / "frames.jsonl", time.monotonic() + 60
    while not lines.exists() or lines.read_bytes().count(b"\n") <= frames:
        assert time.monotonic() < limit, "the sweep does not go on"
        time.sleep(0.02)


def test_a_live_sweep_of_16_bits(tmp_path: Path, session: Any, manifest: Manifest, camera: Camera) -> None:
    """Dark frames before the start, brighter ones after it: the range stays, and that is told."""
    camera.levels = np.uint16, 1000
    settings = settings_of(tmp_path, "camera:0", "linear:speed=20mm/s", box_mm=[-15, 15, 0, 24, 0, 30])

    def act() -> None:
        recorded_at_least(tmp_path, 15)
        camera.levels = np.uint16, 5000
        recorded_at_least(tmp_path, 30)

    report = run_while(settings, act)
    assert (report.volume.pixel_type, report.volume.gray_range) == ("uint16", (0.0, 1023.0))
    assert "frames hold levels beyond 0 to 1023" in report.warnings[-1].what
    recording = read_sweep(tmp_path / "r.igs.mha")
    assert (recording.images.dtype, recording.gray_range) == (np.uint16, (0.0, 1023.0))
    volume = read_volume(tmp_path / "out/volume.nii.gz")
    assert (volume.voxels.dtype, volume.gray_range) == (np.uint16, (0.0, 1023.0))
    mask = read_volume(tmp_path / "out/mask.nii.gz")
    np.testing.assert_array_equal(mask.voxels, segment(session, volume, manifest).voxels)


@pytest.mark.usefixtures("camera")
def test_a_declared_sweep_from_a_camera(tmp_path: Path, session: Any, manifest: Manifest) -> None:
    settings = settings_of(tmp_path, "camera:0", "linear:speed=20mm/s", box_mm=[-15, 15, 0, 24, 0, 30])
    report = run_while(settings, lambda: recorded_at_least(tmp_path, 30))
    frames = report.frames
    assert frames.inserted > 15
    assert frames.inserted + sum(frames.left_out.values()) + frames.dropped == frames.read
    assert report.source.replayed == "live"
    assert report.source.rests_on == {
        "poses_declared": "linear:speed=20mm/s",
        "image_to_probe_assumed": "1 × 1 mm per pixel, probe's origin at pixel (14.5, 0)",
    }
    again = segment(session, read_volume(tmp_path / "out" / "volume.nii.gz"), manifest)
    assert np.array_equal(read_volume(tmp_path / "out" / "mask.nii.gz").voxels, again.voxels)
    recorded = read_sweep(tmp_path / "r.igs.mha")
    assert len(recorded) == frames.read
    assert set(recorded.transforms) >= {"ProbeToReference", "ImageToProbe"}
    assert recorded.provenance.poses_declared == "linear:speed=20mm/s"


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize("spacing", [None, 0.5], ids=["network's spacing", "resampled"])
def test_without_a_box_the_volume_grows_with_the_sweep(
    tmp_path: Path, session: Any, manifest: Manifest, spacing: float | None
) -> None:
    settings = settings_of(tmp_path, "camera:0", "linear:speed=40mm/s", spacing_mm=spacing)
    report = run_while(settings, lambda: recorded_at_least(tmp_path, 50))
    frames = report.frames
    assert frames.left_out == {}
    assert frames.inserted + frames.dropped == frames.read
    assert report.warnings == []
    volume, mask = (read_volume(tmp_path / "out" / f"{name}.nii.gz") for name in ("volume", "mask"))
    assert volume.grid.shape == report.volume.shape_dhw
    # Of 40 mm/s and 40 frames a second, a voxel of 1 mm each: more than the tiles of the first frame hold.
    reached = np.flatnonzero(volume.voxels.any((1, 2)))
    assert np.ptp(reached) * volume.grid.spacing[2] > 16 + 12
    assert volume.voxels.shape[0] * volume.grid.spacing[2] >= 40
    again = segment(session, volume, manifest)
    assert np.array_equal(mask.voxels, again.voxels)
    assert report.memory.streaming_peak_rss_mb <= report.memory.stated_limit_mb


def test_a_tracked_sweep_grows_to_where_the_probe_goes(
    tmp_path: Path, camera: Camera, session: Any, manifest: Manifest
) -> None:
    """The simulated tool circles about a place that nobody has told."""
    with PseudoPort(tmp_path / "tty", SimulatedNdi().turn) as port:
        settings = settings_of(tmp_path, "camera:0", f"ndi:{port.link}?probe=0A")
        report = run_while(settings, lambda: recorded_at_least(tmp_path, 60))
    assert camera.given > 60
    assert report.frames.inserted > 20
    assert "outside the volume" not in report.frames.left_out
    volume, mask = (read_volume(tmp_path / "out" / f"{name}.nii.gz") for name in ("volume", "mask"))
    assert np.array_equal(mask.voxels, segment(session, volume, manifest).voxels)
    assert volume.voxels.any()


@pytest.mark.usefixtures("camera")
def test_at_the_memory_limit_the_sweep_goes_on(
    tmp_path: Path,
    session: Any,
    manifest: Manifest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # What is kept for runtimes, 85 frames in queues, and a volume of 30×24×40 mm or so beside them.
    usable = 200_000_000 + 85 * 24 * 30 + 5_000_000
    monkeypatch.setattr("apps.stream.pipeline.memory_limit.usable_memory", lambda: usable)
    settings = settings_of(tmp_path, "camera:0", "linear:speed=40mm/s")
    settings = settings.model_copy(update={"log": settings.log.model_copy(update={"file": tmp_path / "log"})})
    report = run_while(settings, lambda: recorded_at_least(tmp_path, 150))
    frames = report.frames
    assert set(frames.left_out) == {BEYOND}
    assert frames.inserted > 20
    assert frames.inserted + frames.left_out[BEYOND] + frames.dropped == frames.read > 149
    (warning,) = report.warnings
    assert f"{frames.left_out[BEYOND]} frames wholly" in warning.what
    told = capsys.readouterr().err
    assert told.count("the volume may not grow beyond") == 1
    assert "--max-memory" in told
    volume, mask = (read_volume(tmp_path / "out" / f"{name}.nii.gz") for name in ("volume", "mask"))
    assert np.array_equal(mask.voxels, segment(session, volume, manifest).voxels)
    assert len(read_sweep(tmp_path / "r.igs.mha")) == frames.read  # recorded all the same


@pytest.mark.slow
@pytest.mark.usefixtures("camera")
def test_the_process_stays_within_its_memory_limit(tmp_path: Path) -> None:
    """With real memory: a sweep that would take several times as much."""
    first = tmp_path / "first"  # which loads what the second one takes as given
    run_while(settings_of(first, "camera:0", "linear:speed=40mm/s"), lambda: recorded_at_least(first, 5))
    limit_mb = round(psutil.Process().memory_info().rss / 1e6 + 200 + 150)
    settings = settings_of(tmp_path, "camera:0", "linear:speed=100mm/s", spacing_mm=0.2, max_memory=f"{limit_mb}MB")
    report = run_while(settings, lambda: recorded_at_least(tmp_path, 160))
    assert report.frames.left_out[BEYOND] > 0
    assert report.memory.stated_limit_mb == limit_mb
    assert report.memory.streaming_peak_rss_mb <= limit_mb


def recorded_status(folder: Path, status: str) -> None:
    """Wait until the frame that was recorded last has this status of the probe."""
    lines, limit = folder / "r.igs.mha.recording" / "frames.jsonl", time.monotonic() + 60
    while True:
        whole = lines.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2] if lines.exists() else b""
        poses = json.loads(whole[9:]).get("poses", {}) if whole else {}
        if status in json.dumps(poses.get("ProbeToReference", "")):
            return
        assert time.monotonic() < limit, f"no frame was {status}"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("camera")
def test_a_tracker_that_is_unplugged_again_and_again(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    with PseudoPort(tmp_path / "tty", SimulatedNdi().turn) as port:
        settings = settings_of(tmp_path, "camera:0", f"ndi:{port.link}?probe=0A", around_mm=[120, 80, 40])

        def unplug_and_plug() -> None:
            for _ in range(CYCLES):
                recorded_status(tmp_path, '"OK"')
                port.unplug()
                recorded_status(tmp_path, '"MISSING"')
                port.plug()
            recorded_status(tmp_path, '"OK"')

        report = run_while(settings, unplug_and_plug)
    frames = report.frames
    assert sum(count for reason, count in frames.left_out.items() if "the pose sensor is" in reason) >= CYCLES
    assert frames.inserted >= CYCLES
    assert frames.inserted + sum(frames.left_out.values()) + frames.dropped == frames.read
    (sensor,) = [each for each in report.devices if each.name.startswith("ndi:")]
    assert sensor.losses == CYCLES
    recorded = read_sweep(tmp_path / "r.igs.mha")
    assert len(recorded) == frames.read
    words = recorded.transforms["ProbeToReference"].status
    resumed = sum(one != "OK" and two == "OK" for one, two in itertools.pairwise(words))
    assert resumed >= CYCLES
    assert set(threading.enumerate()) <= threads


def test_a_camera_that_vanishes_and_comes_back_with_another_size(camera: Camera, tmp_path: Path) -> None:
    def vanish() -> None:
        recorded_at_least(tmp_path, 20)
        camera.gone = True
        time.sleep(0.4)
        camera.gone, camera.shape = False, (20, 30)
        time.sleep(0.8)

    settings = settings_of(tmp_path, "camera:0", "linear:speed=5mm/s", around_mm=[30, 24, 30])
    report = run_while(settings, vanish)
    assert report.frames.left_out["frame of another size than 30×24 pixels"] > 5
    assert report.devices[0].losses == 1
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["frames_inserted"] > 10


def test_images_and_poses_of_a_peer(tmp_path: Path) -> None:
    stop = threading.Event()

    def play(peer: SimulatedPeer) -> None:
        rng, number = np.random.default_rng(0), 0
        while not stop.wait(1 / FPS):
            pose = np.eye(4)
            pose[2, 3] = number * 0.5
            image = rng.integers(1, 255, (1, 24, 30), dtype=np.uint8)
            now = time.time()
            peer.send(
                pyigtl.TransformMessage(pose, device_name="ProbeToReference", timestamp=now),
                pyigtl.ImageMessage(image, device_name="Image_Image", timestamp=now),
            )
            number += 1

    with SimulatedPeer() as peer:
        player = threading.Thread(target=play, args=(peer,))
        player.start()
        uri = f"igtl://127.0.0.1:{peer.port}/Image_Image"
        settings = settings_of(tmp_path, uri, None, around_mm=[30, 24, 60])
        try:
            report = run_while(settings, lambda: recorded_at_least(tmp_path, 60))
        finally:
            stop.set()
            player.join()
    assert report.frames.inserted > FPS
    assert report.source.rests_on["poses_from"] == uri
    recorded = read_sweep(tmp_path / "r.igs.mha")
    matrices = recorded.transforms["ProbeToReference"].matrices
    # A frame and its pose have one time stamp: the pose is the one that was sent, not one between two.
    steps = matrices[np.isfinite(matrices).all((1, 2)), 2, 3] * 2
    assert steps == pytest.approx(np.round(steps), abs=1e-4)


@pytest.mark.parametrize(
    ("source", "poses", "volume", "says"),
    [
        ("camera:0", None, {}, "a camera knows no poses"),
        ("camera:0", "csv:a.csv", {}, "cannot be matched to live frames"),
        ("camera:0", "ndi:/nowhere/tty", {"around_mm": 50}, "no frame had a pose"),
    ],
)
@pytest.mark.usefixtures("camera")
def test_what_cannot_start_says_why_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    poses: str,
    volume: dict[str, Any],
    says: str,
) -> None:
    monkeypatch.setattr("apps.stream.input.live.live_input.FIRST_POSE_S", 0.5)
    monkeypatch.setattr("apps.stream.input.live.live_input.NAMES_S", 0.5)
    with pytest.raises(EdgeSdkError, match=says):
        job.run_job(resolve(settings_of(tmp_path, source, poses, **volume)))
    assert not (tmp_path / "out").exists()
    assert not [each for each in threading.enumerate() if each.name.startswith(("camera", "ndi"))]


def test_a_camera_that_gives_nothing_ends_in_time(
    camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.gone = True
    monkeypatch.setattr(devices.LiveDevices.first_image, "__defaults__", (0.3,))
    with pytest.raises(DeviceError, match=r"camera:0: gave no image within 0.3 s \(.*is not there"):
        job.run_job(resolve(settings_of(tmp_path, "camera:0", "linear:speed=1", around_mm=50)))


def test_live_options_are_refused_for_recordings(tmp_path: Path) -> None:
    with pytest.raises(EdgeSdkError, match="--around is for live sources"):
        job.run_job(resolve(settings_of(tmp_path, "replay:a.igs.mha", None, around_mm=50)))
