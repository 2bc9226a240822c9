"""What OpenIGTLink clients receive of a running stream."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyigtl
import pytest

from apps.stream.core.board import Board, SeenFrame
from apps.stream.outlets.igtl_output import IgtlOutput
from apps.stream.outlets.igtl_server import MOST_CLIENTS, IgtlServer
from edge_sdk.errors import StreamError
from edge_sdk.volume.grid import Grid, Volume

TURNED = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


class GrowingBoard:
    """As much of a board as the output reads."""

    def __init__(self, shape: tuple[int, int, int] = (3, 4, 5)) -> None:
        self.where: Grid | None = Grid(shape, (0.5, 0.25, 2.0), (10.0, -20.0, 30.0), TURNED)
        self.frames, self.fills = 0, 0
        self.voxels, self.labels = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        self.seen: SeenFrame | None = None

    def grow(self) -> None:
        """One frame more."""
        self.frames += 1
        self.voxels = (self.voxels + np.arange(self.voxels.size, dtype=np.uint8).reshape(self.voxels.shape)) % 251
        self.labels = self.voxels % 3
        self.seen = SeenFrame(self.frames, np.zeros((2, 2), np.uint8), np.diag([0.2, 0.3, 1, 1.0]))

    def status(self) -> Any:
        return SimpleNamespace(frames_inserted=self.frames, phase="running")

    def grid(self) -> Grid | None:
        return self.where

    def volume(self) -> Volume | None:
        self.fills += 1
        return None if self.where is None else Volume(self.voxels.copy(), self.where)

    def mask(self) -> Volume | None:
        return None if self.where is None else Volume(self.labels.copy(), self.where)

    def frame(self) -> SeenFrame | None:
        return self.seen


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds, and fail where it does not."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.005)


def output_of(board: GrowingBoard, **options: Any) -> IgtlOutput:
    return IgtlOutput(cast(Board, board), 0, period_s=0.01, **options)


@contextmanager
def client_of(output: IgtlOutput) -> Iterator[pyigtl.OpenIGTLinkClient]:
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", output.port)
    try:
        yield client
    finally:
        client.stop()


def receive_until(client: pyigtl.OpenIGTLinkClient, device: str, voxels: np.ndarray) -> None:
    """Receive until a message holds these."""
    until(lambda: np.array_equal(received(client, device).image, voxels))


def received(client: pyigtl.OpenIGTLinkClient, device: str) -> Any:
    message = client.wait_for_message(device, timeout=10)
    assert message is not None, f"no {device} came"
    return message


def test_a_client_receives_volume_mask_and_pose_in_ras() -> None:
    board = GrowingBoard()
    board.grow()
    with output_of(board) as output, client_of(output) as client:
        volume, mask, pose = (received(client, device) for device in ("Volume", "Mask", "ImageToReference"))
    assert (volume.image == board.voxels).all()
    assert (mask.image == board.labels).all()
    assert volume.image.dtype == mask.image.dtype == np.uint8
    # Of the grid above, by hand: x of the volume is LPS y with 0.5 mm, so −y in RAS, and so on.
    expected = [[0, 0.25, 0, -10], [-0.5, 0, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]]
    assert volume.world_coordinate_system == mask.world_coordinate_system == "ras"
    assert volume.ijk_to_world_matrix == pytest.approx(np.array(expected), abs=1e-5)
    assert mask.ijk_to_world_matrix == pytest.approx(np.array(expected), abs=1e-5)
    assert pose.matrix == pytest.approx(np.diag([-0.2, -0.3, 1, 1]), abs=1e-6)


def test_the_world_of_plus_is_left_as_it_is() -> None:
    board = GrowingBoard()
    board.grow()
    with output_of(board, world="RAS") as output, client_of(output) as client:
        volume, pose = received(client, "Volume"), received(client, "ImageToReference")
    assert board.where is not None
    assert volume.ijk_to_world_matrix == pytest.approx(board.where.index_to_world, abs=1e-5)
    assert pose.matrix == pytest.approx(np.diag([0.2, 0.3, 1, 1]), abs=1e-6)


def test_changes_follow_and_nothing_else_does() -> None:
    board = GrowingBoard()
    with output_of(board) as output:
        time.sleep(0.1)
        assert board.fills == 0  # nobody is there to see it
        with client_of(output) as client:
            received(client, "Volume")
            time.sleep(0.1)
            assert board.fills == 1
            board.grow()
            receive_until(client, "Volume", board.voxels)
            # Only the mask changes: the segmenter comes after the frames.
            board.labels = np.full_like(board.labels, 2)
            receive_until(client, "Mask", board.labels)
            assert board.fills == 2


def test_who_comes_later_gets_the_newest() -> None:
    board = GrowingBoard()
    board.grow()
    with output_of(board) as output, client_of(output) as first:
        received(first, "Volume")
        with client_of(output) as second:
            assert (received(second, "Volume").image == board.voxels).all()
            assert (received(second, "Mask").image == board.labels).all()


def test_the_last_state_is_sent_at_the_end() -> None:
    board = GrowingBoard()
    output = IgtlOutput(cast(Board, board), 0, period_s=60.0)
    with output:
        client = socket.create_connection(("127.0.0.1", output.port), 10)
        until(lambda: board.fills == 1)
        board.grow()
    with client:
        bodies = messages(client)
    assert bodies["Volume"][-board.voxels.size :] == board.voxels.tobytes()
    assert bodies["Mask"][-board.voxels.size :] == board.labels.tobytes()


def test_a_volume_that_has_grown_is_sent_where_it_lies_now() -> None:
    board = GrowingBoard()
    board.grow()
    with output_of(board, world="RAS") as output, client_of(output) as client:
        assert received(client, "Volume").image.shape == received(client, "Mask").image.shape == (3, 4, 5)
        # Three planes more before the first one, and no frame.
        larger = Grid((6, 4, 5), (0.5, 0.25, 2.0), (10.0, -20.0, 24.0), TURNED)
        board.voxels, board.labels = (
            np.concatenate([np.zeros_like(part), part]) for part in (board.voxels, board.labels)
        )
        board.where = larger
        for device in ("Volume", "Mask"):
            while not np.allclose((message := received(client, device)).ijk_to_world_matrix, larger.index_to_world):
                pass
            assert message.image.shape == (6, 4, 5)
        # As many voxels as before in another place: the message is another one although its voxels are not.
        board.where = replace(larger, origin=(11.0, -20.0, 24.0))
        while not np.allclose(received(client, "Mask").ijk_to_world_matrix, board.where.index_to_world):
            pass


def test_before_the_grid_is_known_nothing_is_sent() -> None:
    board = GrowingBoard()
    grid, board.where = board.where, None
    with output_of(board) as output, client_of(output) as client:
        until(lambda: output.clients == 1)
        time.sleep(0.1)
        assert client.get_latest_messages() == []
        board.where = grid
        received(client, "Volume")


def test_a_board_that_fails_is_told_once_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    board = GrowingBoard()
    voxels, board.voxels = board.voxels, cast(Any, None)
    with output_of(board) as output, client_of(output) as client:
        until(lambda: bool(caplog.records))
        time.sleep(0.1)
        assert len(caplog.records) == 1
        board.voxels = voxels
        received(client, "Volume")


def messages(client: socket.socket) -> dict[str, bytes]:
    """Device → body of its last message, until the server ends the connection."""
    data, bodies = b"", dict[str, bytes]()
    while chunk := client.recv(1 << 20):
        data += chunk
    while data:
        device, size = data[14:34].rstrip(b"\0").decode(), struct.unpack_from(">Q", data, 42)[0]
        bodies[device], data = data[58 : 58 + size], data[58 + size :]
    return bodies


def test_a_slow_client_holds_up_nobody_and_skips_what_is_old() -> None:
    board = GrowingBoard((64, 256, 256))  # 4 MB: more than the system's buffers take
    board.grow()
    with output_of(board) as output:
        slow = socket.create_connection(("127.0.0.1", output.port), 10)
        until(lambda: output.clients == 1)
        with client_of(output) as quick:
            for _ in range(4):
                received(quick, "Volume")
                board.grow()
            receive_until(quick, "Volume", board.voxels)
        reader_got: list[dict[str, bytes]] = []
        reader = threading.Thread(target=lambda: reader_got.append(messages(slow)))
        reader.start()
    reader.join(10)
    slow.close()
    assert reader_got[0]["Volume"][-board.voxels.size :] == board.voxels.tobytes()
    assert reader_got[0]["Mask"][-board.voxels.size :] == board.labels.tobytes()


# The server by itself.


def test_a_client_that_takes_nothing_is_cut_off() -> None:
    with IgtlServer("127.0.0.1", 0, patience_s=0.2) as server, socket.create_connection(("127.0.0.1", server.port)):
        server.offer("Volume", bytes(64 << 20))
        until(lambda: server.turn(0.01) or server.clients == 1)
        assert not server.idle
        until(lambda: server.turn(0.01) or server.clients == 0)
        assert server.idle


def test_patience_counts_from_when_there_is_something_to_take() -> None:
    with (
        IgtlServer("127.0.0.1", 0, patience_s=0.2) as server,
        socket.create_connection(("127.0.0.1", server.port)) as one,
    ):
        for _ in range(5):
            server.turn(0.1)
        assert server.clients == 1
        time.sleep(0.4)  # the thread was busy with something else
        server.offer("Volume", b"news")
        until(lambda: server.turn(0.01) or server.idle)
        assert one.recv(100) == b"news"
        assert server.clients == 1


def test_clients_that_leave_are_forgotten_and_too_many_refused() -> None:
    with IgtlServer("127.0.0.1", 0) as server:
        several = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(MOST_CLIENTS + 1)]
        until(lambda: server.turn(0.01) or server.clients == MOST_CLIENTS)
        server.turn(1.0)
        assert several[-1].recv(1) == b""
        several[0].close()
        several[1].sendall(b"GET / HTTP/1.1\r\n\r\n" * 10_000)  # is ignored
        until(lambda: server.turn(0.01) or server.clients == MOST_CLIENTS - 1)
        server.offer("Volume", b"news")
        until(lambda: server.turn(0.01) or server.idle)
        assert all(each.recv(4) == b"news" for each in several[1:-1])
        for each in several:
            each.close()


def test_a_port_that_is_taken() -> None:
    with output_of(GrowingBoard()) as output, pytest.raises(StreamError, match="cannot be served there"):
        IgtlOutput(cast(Board, GrowingBoard()), output.port)
