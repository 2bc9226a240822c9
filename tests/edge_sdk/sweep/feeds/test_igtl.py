"""OpenIGTLink peers: well-behaved ones (pyigtl's), and others."""

from __future__ import annotations

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pyigtl
import pytest

from edge_sdk.errors import DeviceError, FileFormatError
from edge_sdk.simulation.igtl_peer import SimulatedPeer
from edge_sdk.sweep.feeds.igtl import JUMPED, OTHER_DEVICE, UNUSABLE, open_igtl
from edge_sdk.sweep.feeds.igtl_stream import CRC, OTHER, PARTIAL, UNREADABLE
from edge_sdk.sweep.feeds.items import NamedPose, TimedImage
from edge_sdk.sweep.following import Device, Follower

Item = TimedImage | NamedPose
EPOCH = 1.7e9


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds, and fail where it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.005)


def got(device: Device[Item], count: int) -> list[Item]:
    """So many items."""
    items: list[Item] = []
    limit = time.monotonic() + 10.0
    while len(items) < count:
        assert time.monotonic() < limit, f"{len(items)} of {count} came"
        items += device.poll()
    return items


def failure(device: Device[Item]) -> str:
    """Why the device is lost, at last."""
    for _ in range(100):
        try:
            device.poll()
        except DeviceError as error:
            return str(error)
    pytest.fail("it was never lost")


def shifted(x: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[0, 3] = x
    return matrix


def transform(x: float, name: str = "ProbeToReference", **metadata: str) -> pyigtl.TransformMessage:
    message = pyigtl.TransformMessage(shifted(x), timestamp=EPOCH + x / 100, device_name=name)
    if metadata:
        message.header_version, message.metadata = 2, metadata
    return message


def image(pixels: np.ndarray, name: str = "Image_Reference", matrix: Any = None) -> pyigtl.ImageMessage:
    return pyigtl.ImageMessage(pixels, ijk_to_world_matrix=matrix, timestamp=EPOCH, device_name=name)


@pytest.fixture
def peer() -> Iterator[SimulatedPeer]:
    with SimulatedPeer() as peer:
        yield peer


def opened(peer: SimulatedPeer, **options: Any) -> AbstractContextManager[Device[Item]]:
    return open_igtl("127.0.0.1", peer.port, **options)


@contextmanager
def pyigtl_server() -> Iterator[pyigtl.OpenIGTLinkServer]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    server = pyigtl.OpenIGTLinkServer(port=0)
    try:
        yield server
    finally:
        server.stop()
        for number, handler in before.items():  # pyigtl takes them and does not give them back
            signal.signal(number, handler)


def test_all_messages_of_a_pyigtl_server_arrive_in_order() -> None:
    frame = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    with pyigtl_server() as server, open_igtl("127.0.0.1", server.server_address[1]) as device:

        def send() -> None:
            for number in range(300):
                server.send_message(transform(number), wait=True)
                if number % 10 == 0:
                    server.send_message(image(frame + number // 10), wait=True)

        sender = threading.Thread(target=send)
        sender.start()
        items = got(device, 300 + 2 * 30)
        sender.join()
    poses = [item for item in items if isinstance(item, NamedPose) and item.name == "ProbeToReference"]
    assert [pose.matrix[0, 3] for pose in poses] == list(range(300))
    images = [item for item in items if isinstance(item, TimedImage)]
    assert [int(each.image[0, 0]) for each in images] == list(range(30))
    assert images[0].name == "Image_Reference"
    assert images[0].image.shape == (3, 4)


def test_moments_are_the_stamps_on_this_clock(peer: SimulatedPeer) -> None:
    clock = iter([50.0, 50.5])
    with opened(peer, now=lambda: next(clock)) as device:
        peer.send(transform(0.0))
        first = got(device, 1)
        peer.send(transform(30.0))  # stamped 0.3 s later, arrives 0.5 s later
        second = got(device, 1)
    assert first[0].moment == 50.0
    assert second[0].moment == pytest.approx(50.3, abs=1e-6)


def test_a_clock_that_is_set_is_counted(peer: SimulatedPeer) -> None:
    with opened(peer) as device:
        peer.send(transform(0.0), transform(1e6))
        got(device, 2)
        assert device.errors[JUMPED] == 1


def test_the_image_carries_its_pose(peer: SimulatedPeer) -> None:
    matrix = np.array([[0.2, 0, 0, 10], [0, 0, -0.5, 20], [0, 0.1, 0, 30], [0, 0, 0, 1]])
    with opened(peer) as device:
        peer.send(image(np.zeros((1, 61, 82), np.uint8), matrix=matrix))
        pose = got(device, 2)[0]
    assert isinstance(pose, NamedPose)
    assert (pose.name, pose.status) == ("ImageToReference", "OK")
    assert pose.matrix == pytest.approx(matrix, abs=1e-4)


def test_the_center_of_the_image_is_where_the_message_says(peer: SimulatedPeer) -> None:
    content = struct.pack(">HBBBBHHH", 1, 1, 3, 2, 1, 5, 3, 1)
    content += struct.pack(">12f", 0.5, 0, 0, 0, 0.25, 0, 0, 0, 1, 7, 8, 9)  # columns, then the center
    content += struct.pack(">6H", 0, 0, 0, 5, 3, 1) + bytes(range(15))
    with opened(peer) as device:
        peer.send(raw("IMAGE", content, "Image_Reference"))
        pose, frame = got(device, 2)
    assert isinstance(pose, NamedPose)
    assert isinstance(frame, TimedImage)
    assert pose.matrix @ [2, 1, 0, 1] == pytest.approx([7, 8, 9, 1])  # pixel (2, 1) is the middle of 5 × 3
    assert pose.matrix @ [0, 0, 0, 1] == pytest.approx([6, 7.75, 9, 1])
    assert frame.image.tolist() == np.arange(15).reshape(3, 5).tolist()


@pytest.mark.parametrize(("orientation", "x", "y"), [("MF", 1, 1), ("UF", -1, 1), ("MN", 1, -1), ("UN", -1, -1)])
def test_images_of_other_orientations_are_turned_with_their_pose(
    peer: SimulatedPeer, orientation: str, x: int, y: int
) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    matrix = np.array([[0.2, 0, 0, 10], [0, 0.5, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]])
    with opened(peer, orientation=orientation) as device:
        peer.send(image(pixels, matrix=matrix))
        pose, frame = got(device, 2)
    assert isinstance(pose, NamedPose)
    assert isinstance(frame, TimedImage)
    assert frame.image.tolist() == pixels[0, ::y, ::x].tolist()
    for row in range(3):
        for column in range(4):  # wherever a gray level is now, it lies where the sender put it
            sent_row, sent_column = divmod(int(frame.image[row, column]), 4)
            assert pose.matrix @ [column, row, 0, 1] == pytest.approx(matrix @ [sent_column, sent_row, 0, 1], abs=1e-4)


def test_an_unknown_orientation_is_refused(peer: SimulatedPeer) -> None:
    with pytest.raises(FileFormatError, match="'XY'"), opened(peer, orientation="XY"):
        pass


def test_color_becomes_luma(peer: SimulatedPeer) -> None:
    pixels = np.zeros((1, 2, 2, 3), np.uint8)
    pixels[..., 0] = 255  # red: 0.299 × 255 = 76
    with opened(peer) as device:
        peer.send(image(pixels))
        frame = got(device, 2)[1]
    assert isinstance(frame, TimedImage)
    assert frame.image.tolist() == [[76, 76], [76, 76]]


def test_an_image_under_another_name_carries_no_pose(peer: SimulatedPeer) -> None:
    with opened(peer) as device:
        for name in ("Ultrasound", "Image_Image"):
            peer.send(image(np.zeros((1, 2, 2), np.uint8), name))
            items = got(device, 1)
            assert [type(item) for item in items] == [TimedImage]


def test_the_status_is_what_plus_says(peer: SimulatedPeer) -> None:
    frame = image(np.zeros((1, 2, 2), np.uint8))
    frame.header_version = 2
    frame.metadata = {"ProbeToTrackerTransformStatus": "OUT_OF_VIEW", "FrameNumber": "17"}
    with opened(peer) as device:
        peer.send(transform(1, TransformStatus="MISSING", TransformValid="0"), transform(2, TransformValid="0"))
        peer.send(transform(3, TransformStatus="OK"), frame)
        missing, invalid, fine, carried, shown = got(device, 5)
    assert isinstance(missing, NamedPose) and isinstance(invalid, NamedPose)  # noqa: PT018
    assert isinstance(fine, NamedPose) and isinstance(carried, NamedPose)  # noqa: PT018
    assert (missing.status, invalid.status, fine.status) == ("MISSING", "INVALID", "OK")
    assert (carried.name, carried.status) == ("ImageToReference", "OUT_OF_VIEW")
    assert np.isnan(missing.matrix).all()
    assert np.isnan(carried.matrix).all()
    assert fine.matrix[0, 3] == 3
    assert isinstance(shown, TimedImage)
    assert shown.number == 17


def test_a_matrix_that_is_none_is_no_pose(peer: SimulatedPeer) -> None:
    empty = pyigtl.TransformMessage(np.zeros((4, 4)), timestamp=EPOCH, device_name="ProbeToReference")
    with opened(peer) as device:
        peer.send(empty)
        pose = got(device, 1)[0]
    assert isinstance(pose, NamedPose)
    assert pose.status != "OK"
    assert np.isnan(pose.matrix).all()


def test_plus_is_asked_for_its_metadata() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, open_igtl("127.0.0.1", server.getsockname()[1]):
        client, _ = server.accept()
        with client:
            greeting = client.recv(1000)
    version, kind = struct.unpack_from(">H12s", greeting)
    assert (version, kind.rstrip(b"\0")) == (2, b"GET_STATUS")


# What is left out, and counted.


def raw(kind: str, body: bytes, name: str = "X", *, version: int = 1, crc: int | None = None) -> bytes:
    """A message as the protocol's document lays it out."""
    checked = pyigtl.messages.CRC64(body) if crc is None else crc
    return struct.pack(">H12s20sIIQQ", version, kind.encode(), name.encode(), 5, 0, len(body), checked) + body


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (raw("STATUS", b"\0\1" + bytes(28)), OTHER),
        (raw("STRING", b"\0\3\0\2hi"), OTHER),
        (raw("UNHEARD_OF", b"x" * 100), OTHER),
        (raw("TRANSFORM", bytes(48), crc=1), CRC),
        (raw("TRANSFORM", bytes(47)), UNREADABLE),
        (raw("TRANSFORM", b"\0" * 5, version=2), UNREADABLE),
        (raw("TRANSFORM", b"\0\x0c\0\x0a\0\0\0\1\0\0\0\0" + bytes(48) + b"\xff" * 11, version=2), UNREADABLE),
        (raw("IMAGE", bytes(10)), UNREADABLE),
        (
            raw("IMAGE", struct.pack(">HBBBBHHH12f6H", 1, 1, 3, 2, 1, 9, 9, 1, *[0.0] * 12, 0, 0, 0, 9, 9, 1)),
            UNREADABLE,
        ),
        (
            raw("IMAGE", struct.pack(">HBBBBHHH12f6H", 1, 1, 3, 2, 1, 9, 9, 1, *[0.0] * 12, 1, 0, 0, 1, 1, 1) + b"x"),
            PARTIAL,
        ),
        (
            raw("IMAGE", struct.pack(">HBBBBHHH12f6H", 1, 1, 99, 2, 1, 1, 1, 1, *[0.0] * 12, 0, 0, 0, 1, 1, 1)),
            UNREADABLE,
        ),
    ],
)
def test_what_cannot_be_used_is_counted_and_the_next_message_is_read(
    peer: SimulatedPeer, message: bytes, reason: str
) -> None:
    with opened(peer) as device:
        peer.send(message, transform(4.0))
        items = got(device, 1)
        assert [item.name for item in items] == ["ProbeToReference"]
        assert dict(device.errors) == {reason: 1}
        assert device.silence().startswith("sends nothing that is used, lastly a")


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16, np.float32, np.float64])
def test_images_keep_their_type(peer: SimulatedPeer, kind: Any) -> None:
    pixels = np.arange(6).reshape(1, 2, 3).astype(kind)
    with opened(peer) as device:
        peer.send(image(pixels))
        (item,) = [item for item in got(device, 1) if isinstance(item, TimedImage)]
    assert item.image.dtype == (np.float32 if kind is np.float64 else kind)
    np.testing.assert_array_equal(item.image, pixels[0])


UNUSABLE_PIXELS = {
    "int32": np.zeros((1, 2, 2), np.int32),
    "5 × uint8": np.zeros((1, 2, 2, 5), np.uint8),
    "2×2×3": np.zeros((3, 2, 2), np.uint8),
}


@pytest.mark.parametrize("said", UNUSABLE_PIXELS)
def test_images_that_are_no_frame(peer: SimulatedPeer, said: str) -> None:
    message = image(UNUSABLE_PIXELS[said])
    with opened(peer) as device:
        peer.send(message, transform(1.0))
        got(device, 1)
        assert dict(device.errors) == {UNUSABLE: 1}
    peer.drop()
    with opened(peer, image_device="Image_Reference") as device:
        peer.send(message)
        assert said in failure(device)


def test_images_of_other_devices_are_left_out(peer: SimulatedPeer) -> None:
    with opened(peer, image_device="Image_Reference") as device:
        peer.send(image(np.zeros((1, 2, 2), np.int16), "Photo"), image(np.zeros((1, 2, 2), np.uint8)))
        assert [item.name for item in got(device, 2)] == ["ImageToReference", "Image_Reference"]
        assert dict(device.errors) == {OTHER_DEVICE: 1}


# Peers that misbehave.


def test_a_body_of_four_gigabytes_is_not_received(peer: SimulatedPeer) -> None:
    header = struct.pack(">H12s20sIIQQ", 1, b"IMAGE", b"Image_Reference", 0, 0, 4 << 30, 0)
    with opened(peer) as device:
        peer.send(transform(1.0), header + b"x" * 1000)
        assert len(got(device, 1)) == 1
        said = failure(device)
    assert "4294967296 bytes" in said
    assert str(64 << 20) in said


def test_something_that_is_no_openigtlink(peer: SimulatedPeer) -> None:
    with opened(peer) as device:
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
        assert "begins no OpenIGTLink message" in failure(device)


def test_a_peer_that_goes_in_the_middle_of_a_body(peer: SimulatedPeer) -> None:
    with opened(peer) as device:
        peer.send(transform(1.0), transform(2.0).pack()[:-5])
        got(device, 1)
        until(lambda: not device.poll() and "middle of a message" in device.silence())
        peer.drop()
        assert "middle of a message" in failure(device)


def test_byte_by_byte(peer: SimulatedPeer) -> None:
    message = transform(5.0).pack() + image(np.full((1, 2, 2), 9, np.uint8)).pack()
    with opened(peer) as device:
        sender = threading.Thread(target=lambda: peer.send(*(message[at : at + 1] for at in range(len(message)))))
        sender.start()
        items = got(device, 3)
        sender.join()
    assert [item.name for item in items] == ["ProbeToReference", "ImageToReference", "Image_Reference"]


def test_nobody_there() -> None:
    with SimulatedPeer() as peer:
        port = peer.port
    with (
        pytest.raises(DeviceError, match=r"cannot be connected to \(Connection refused\)"),
        open_igtl("127.0.0.1", port),
    ):
        pass


def test_messages_go_on_when_the_peer_comes_back() -> None:
    items: list[Item] = []
    with SimulatedPeer() as peer:
        port = peer.port
    follower: Follower[Item] = Follower(
        "plus", lambda: open_igtl("127.0.0.1", port), lambda item, _: items.append(item), retry_s=0.02
    )
    threads = set(threading.enumerate())
    with follower:
        for cycle in range(3):
            until(lambda: follower.state.condition == ("lost" if items else follower.state.condition))
            with SimulatedPeer(port) as peer:
                peer.send(transform(cycle))
                until(lambda cycle=cycle: len(items) == cycle + 1)  # type: ignore[misc]
                assert follower.state.condition == "running"
            until(lambda: follower.state.condition == "lost")
            assert follower.state.losses == cycle + 1
    assert set(threading.enumerate()) <= threads
    assert [item.matrix[0, 3] for item in items if isinstance(item, NamedPose)] == [0, 1, 2]
