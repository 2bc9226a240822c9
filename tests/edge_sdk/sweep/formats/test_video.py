"""Videos written by OpenCV with lossless and lossy codecs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_sdk import read_sweep
from edge_sdk.errors import FileFormatError, GeometryError
from edge_sdk.sweep.formats import frames as frames_module


def write(path: Path, frames: np.ndarray, codec: str, rate: float = 20.0) -> Path:
    """Frames (N, H, W, 3) BGR."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, frames.shape[2:0:-1])
    assert writer.isOpened(), codec
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture
def ramp() -> np.ndarray:
    """Smooth frames whose brightness tells their number."""
    image = np.linspace(20, 120, 48 * 64).reshape(48, 64)
    return np.stack([image + 20 * index for index in range(6)]).astype(np.uint8)


def colored(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, -1)


def test_lossless_video_is_read_exactly(tmp_path, ramp):
    sweep = read_sweep(write(tmp_path / "a.avi", colored(ramp), "FFV1"))
    np.testing.assert_array_equal(sweep.images, ramp)
    np.testing.assert_allclose(sweep.timestamps, np.arange(6) / 20, atol=1e-6)
    assert sweep.transforms == {}
    assert sweep.image_status == ("OK",) * 6
    assert sweep.pixel_spacing is None
    assert sweep.header["TimesFrom"] == "container"


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.mkv", "MJPG"), ("a.avi", "MJPG")]
)
def test_containers(tmp_path, ramp, name, codec):
    sweep = read_sweep(write(tmp_path / name, colored(ramp), codec))
    np.testing.assert_allclose(sweep.images.astype(float), ramp, atol=8)
    np.testing.assert_allclose(sweep.timestamps, np.arange(6) / 20, atol=2e-3)


def test_color_becomes_luma(tmp_path):
    color = np.zeros((2, 48, 64, 3), np.uint8)
    color[0], color[1] = (200, 40, 90), (10, 220, 30)  # blue, green, red
    sweep = read_sweep(write(tmp_path / "a.avi", color, "FFV1"))
    expected = color[:, 0, 0] @ [0.114, 0.587, 0.299]  # ITU-R BT.601
    np.testing.assert_allclose(sweep.images.mean((1, 2)), expected, atol=1)


def test_frames_that_the_container_announces_and_that_are_gone_are_counted(tmp_path, ramp):
    path = write(tmp_path / "a.avi", colored(np.tile(ramp, (5, 1, 1))), "MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    sweep = read_sweep(path)
    assert 5 < len(sweep) < 25
    assert int(sweep.header["FramesLost"]) == 30 - len(sweep)


@pytest.mark.parametrize("data", [b"", b"no video at all" * 100, b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(500)])
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(FileFormatError, match=r"a\.mp4"):
        read_sweep(tmp_path / "a.mp4")
    with pytest.raises(FileFormatError, match=r"none\.mp4.*no such file"):
        read_sweep(tmp_path / "none.mp4")


def test_a_damaged_video_is_one_line_on_stderr(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video at all" * 100)
    command = [sys.executable, "-c", "from apps.cli import main; main()", "inspect", str(tmp_path / "a.mp4")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "not a video" in ended.stderr


def test_a_video_that_does_not_fit_in_memory_is_refused_before_it_is_read(tmp_path, ramp, monkeypatch):
    path = write(tmp_path / "a.avi", colored(ramp), "FFV1")
    monkeypatch.setattr(frames_module, "_USABLE_SHARE", 1e-9)
    with pytest.raises(GeometryError, match="6 frames of 64×48"):
        read_sweep(path)
