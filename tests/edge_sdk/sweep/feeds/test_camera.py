"""Cameras, and those that vanish."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_sdk.errors import DeviceError
from edge_sdk.sweep.capture import READ_S
from edge_sdk.sweep.feeds.camera import NOT_8_BIT, UNDECODABLE, open_camera
from edge_sdk.sweep.feeds.items import TimedImage
from edge_sdk.sweep.following import Device, Follower


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until it holds, and fail where it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.005)


# A file as a camera.


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Ten frames of 64×48 in colors of rising luma."""
    path = tmp_path / "frames.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 20, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), (0, 0, 20 * number), np.uint8))  # blue, green, red
    writer.release()
    return path


def lost(camera: Device[TimedImage]) -> tuple[list[TimedImage], str]:
    """What it gives until it is lost, and why it is."""
    images: list[TimedImage] = []
    while True:
        try:
            images += camera.poll()
        except DeviceError as error:
            return images, str(error)


def test_every_frame_is_gray_and_has_the_moment_of_its_grab(video: Path) -> None:
    ticks = iter(range(1000))
    with open_camera(str(video), now=lambda: float(next(ticks))) as camera:
        images, why = lost(camera)
    assert "gives no more frames" in why
    assert [each.moment for each in images] == list(range(10))
    assert {each.image.shape for each in images} == {(48, 64)}
    luma = [0.299 * 20 * number for number in range(10)]
    assert [float(each.image.mean()) for each in images] == pytest.approx(luma, abs=3)  # FFV1 stores YUV


def test_a_size_and_a_rate_that_it_does_not_have(video: Path) -> None:
    with open_camera(str(video), size=(64, 48), fps=20):
        pass
    with pytest.raises(DeviceError, match="gives frames of 64×48 when asked for 640×480"):
        open_camera(str(video), size=(640, 480)).__enter__()
    with pytest.raises(DeviceError, match="gives 20 frames/s when asked for 60"):
        open_camera(str(video), fps=60).__enter__()


NOWHERE = [99, "/dev/video99", "/nowhere/at/all.mp4", "http://127.0.0.1:1/x"]


@pytest.mark.parametrize("source", NOWHERE)
def test_no_camera_there(source: int | str) -> None:
    with pytest.raises(DeviceError, match=f"camera:{source}: cannot be opened"):
        open_camera(source).__enter__()


def test_opencv_says_nothing_by_itself() -> None:
    code = (
        "from contextlib import suppress; from edge_sdk.errors import DeviceError\n"
        "from edge_sdk.sweep.feeds.camera import open_camera\n"
        f"for source in {NOWHERE}:\n    with suppress(DeviceError): open_camera(source).__enter__()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == ("", "")


# A driver as OpenCV shows it.


class FakeCapture:
    """Gives the frames of a list, then vanishes."""

    def __init__(self, frames: list[Any], *arguments: Any) -> None:
        self.arguments, self.frames, self.released = arguments, frames, False
        self.settings: dict[int, float] = {}

    def isOpened(self) -> bool:  # noqa: N802 OpenCV's name
        return True

    def set(self, setting: int, value: float) -> bool:
        self.settings[setting] = value
        return True

    def get(self, setting: int) -> float:
        return self.settings[setting]

    def grab(self) -> bool:
        return bool(self.frames)

    def retrieve(self) -> tuple[bool, Any]:
        frame = self.frames.pop(0)
        return frame is not None, frame

    def release(self) -> None:
        self.released = True


def test_what_a_driver_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeCapture] = []
    large, small = np.full((4, 6, 3), 7, np.uint8), np.full((2, 3), 9, np.uint8)
    frames = [large, None, np.zeros((4, 6), np.uint16), small]

    def make(*arguments: Any) -> FakeCapture:
        made.append(FakeCapture(list(frames), *arguments))
        return made[-1]

    monkeypatch.setattr(cv2, "VideoCapture", make)
    # A name of a udev rule, too, is V4L2's.
    with open_camera("/dev/edge-camera", size=(6, 4), fps=30) as camera:
        images = [image for _ in frames for image in camera.poll()]
        assert [each.image.tolist() for each in images] == [np.full((4, 6), 7).tolist(), small.tolist()]
        assert dict(camera.errors) == {UNDECODABLE: 1, NOT_8_BIT: 1}
        with pytest.raises(DeviceError, match=r"^camera:/dev/edge-camera: gives no more frames; plug"):
            camera.poll()
    assert made[0].released
    assert made[0].arguments == ("/dev/edge-camera", cv2.CAP_V4L2)
    assert made[0].settings[cv2.CAP_PROP_BUFFERSIZE] == 1


# A stream over the network that really ends, hangs, and comes back.


class Mjpeg(http.server.ThreadingHTTPServer):
    """A camera server whose stream ends when told to."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.stopped, self.hangs = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", port), partial(_Stream, self))


class _Stream(http.server.BaseHTTPRequestHandler):
    def __init__(self, source: Mjpeg, *arguments: Any) -> None:
        self._source = source
        super().__init__(*arguments)

    def do_GET(self) -> None:
        picture = cv2.imencode(".jpg", np.full((48, 64, 3), 120, np.uint8))[1].tobytes()
        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while not self._source.stopped.wait(0.01):
            if not self._source.hangs.is_set():
                self.wfile.write(head + picture + b"\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing to tell."""


@contextmanager
def mjpeg(port: int = 0) -> Iterator[Mjpeg]:
    with Mjpeg(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


def test_frames_go_on_when_the_camera_comes_back() -> None:
    images: list[TimedImage] = []
    with ExitStack() as later:
        with mjpeg() as server:
            address = f"http://127.0.0.1:{server.server_port}/"
            follower = later.enter_context(
                Follower("camera", partial(open_camera, address), lambda image, _: images.append(image), retry_s=0.02)
            )
            until(lambda: len(images) > 5)
        until(lambda: follower.state.condition == "lost")
        assert "\n" not in follower.state.why
        assert follower.state.losses == 1
        before = len(images)
        later.enter_context(mjpeg(server.server_port))
        until(lambda: len(images) > before + 5)
        assert follower.state.condition == "running"
    assert follower.state.condition == "closed"
    assert {each.image.shape for each in images} == {(48, 64)}
    assert abs(images[-1].image.astype(int) - 120).max() <= 2


def test_a_stream_that_hangs_is_given_up() -> None:
    with mjpeg() as server, open_camera(f"http://127.0.0.1:{server.server_port}/") as camera:
        until(lambda: bool(camera.poll()))
        server.hangs.set()
        start = time.monotonic()
        assert "gives no more frames" in lost(camera)[1]
        assert time.monotonic() - start < READ_S + 3
