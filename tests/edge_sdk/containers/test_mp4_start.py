"""Where the video of an MP4 begins, beside what FFmpeg says through OpenCV, in whole frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_sdk.containers.mp4_start import read_mp4_tracks
from tests.edge_sdk.containers.mp4_files import box, with_edits


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """20 frames at 25 per second."""
    path = tmp_path_factory.mktemp("mp4") / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
    for index in range(20):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return path.read_bytes()


def ffmpeg_start(path: Path) -> float:
    """Time of the first frame on the container's clock; OpenCV rounds it to frames."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    assert capture.grab()
    return float(capture.get(cv2.CAP_PROP_PTS) / capture.get(cv2.CAP_PROP_FPS))


@pytest.mark.parametrize(
    ("edits", "start"),
    [
        (None, 0.0),
        ([(800, 0)], 0.0),
        ([(520, -1), (800, 0)], 0.52),
        ([(200, -1), (320, -1), (800, 0)], 0.52),
        ([(2**31, -1), (800, 0)], 2**31 / 1000),
    ],
)
def test_empty_edits_delay_the_video(tmp_path: Path, video: bytes, edits: list[tuple[int, int]], start: float) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(with_edits(video, edits))
    tracks = read_mp4_tracks(path)
    assert tracks is not None
    assert tracks.video_start == pytest.approx(start)
    assert tracks.others == ()
    if start < 1:
        assert ffmpeg_start(path) == pytest.approx(start, abs=0.02)


def test_a_fragmented_video_begins_at_its_decode_time(tmp_path: Path) -> None:
    def full(kind: bytes, *numbers: int) -> bytes:
        return box(kind, b"".join(number.to_bytes(4, "big") for number in numbers))

    header = full(b"mvhd", 0, 0, 0, 1000, 0)
    handler = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    track = full(b"tkhd", 0, 0, 0, 7, 0) + box(b"mdia", full(b"mdhd", 0, 0, 0, 90000, 0) + handler)
    sound = full(b"tfhd", 0, 1) + full(b"tfdt", 0, 1)
    picture = full(b"tfhd", 0, 7) + full(b"tfdt", 0, 45000)
    path = tmp_path / "a.mp4"
    path.write_bytes(
        box(b"moov", header + box(b"trak", track)) + box(b"moof", box(b"traf", sound) + box(b"traf", picture))
    )
    tracks = read_mp4_tracks(path)
    assert tracks is not None
    assert tracks.video_start == 0.5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(cut=st.integers(0, 4000), at=st.integers(0, 4000), value=st.integers(0, 255))
def test_damage_is_survived(tmp_path: Path, video: bytes, cut: int, at: int, value: int) -> None:
    data = bytearray(video)
    data[-1 - at % len(data)] = value
    path = tmp_path / "a.mp4"
    path.write_bytes(data[: len(data) - cut] if cut % 2 else data)
    read_mp4_tracks(path)
