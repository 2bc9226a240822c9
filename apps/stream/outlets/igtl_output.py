"""The growing volume and its mask for 3D Slicer and other OpenIGTLink clients, while the stream runs."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from typing import Literal, Self

import numpy as np

from apps.stream.core.board import Board
from apps.stream.outlets.igtl_server import IgtlServer
from edge_sdk.closing import Closing
from edge_sdk.errors import StreamError
from edge_sdk.extras import missing_module
from edge_sdk.sweep.feeds.igtl_bytes import packed_volume
from edge_sdk.volume.grid import Grid, Volume

VOLUME, MASK, POSE = "Volume", "Mask", "ImageToReference"
FLUSH_S = 2.0
"""How long clients may take the last mask when the stream is over."""
World = Literal["LPS", "RAS"]
_TO_RAS = {"LPS": np.diag([-1.0, -1.0, 1.0, 1.0]), "RAS": np.eye(4)}
_TURN_S, _TURN_DOWN_S = 0.05, 15.0
_REST = 3.0
"""Times what a round of messages took: the segmenter needs the processor more."""
_log = logging.getLogger(__name__)


class IgtlOutput(Closing):
    """An OpenIGTLink server with a thread of its own; a context manager.

    Sends IMAGE messages "Volume" and "Mask" (uint8 labels) and the newest frame's pose as the TRANSFORM
    "ImageToReference", each when it has changed, and only while somebody is connected; who comes later gets the newest
    first. Leaving the context sends the last state.

    Attributes:
        port: TCP port that the server listens on; the system's choice where 0 was asked for.
    """

    def __init__(
        self, board: Board, port: int, host: str = "127.0.0.1", period_s: float = 1.0, *, world: World = "LPS"
    ) -> None:
        """
        Args:
            board: State of the running stream, which clients get.
            port: TCP port to listen on; 0 lets the system choose.
            host: Address to bind to. Whoever reaches it sees the volume: there is no password and no encryption.
            period_s: Least time between two looks at the board, in seconds.
            world: What the stream's world is taken for. Messages are RAS, as 3D Slicer takes them whatever they say.
                "LPS" puts the volume where the saved files lie; "RAS" where PLUS's own messages put theirs.

        Raises:
            StreamError: The address cannot be bound, or pyigtl is not installed.
        """
        if missing := missing_module(["pyigtl"], "igtl"):
            raise StreamError(missing, where="OpenIGTLink output")
        self._board, self._period_s, self._to_ras = board, period_s, _TO_RAS[world]
        self._server = IgtlServer(host, port)
        self.port = self._server.port
        self._seen: dict[str, object] = {}
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="igtl-output", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return super().__enter__()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return self._server.clients

    def close(self) -> None:
        """Send the last state to those who take it, and let go of the port.

        Raises:
            StreamError: The board does not answer.
        """
        self._stop.set()
        self._thread.join(_TURN_DOWN_S)
        if self._thread.is_alive():
            raise StreamError("does not end", where="OpenIGTLink output", remedy="end the program")

    def _run(self) -> None:
        with self._server:
            due = time.monotonic()
            while not self._stop.is_set():
                self._server.turn(_TURN_S)
                if self._server.clients and time.monotonic() >= due:
                    due = time.monotonic() + max(self._period_s, _REST * self._look())
            if self._server.clients:
                self._look()
            end = time.monotonic() + FLUSH_S
            while not self._server.idle and time.monotonic() < end:
                self._server.turn(_TURN_S)

    def _look(self) -> float:
        """Offer what has changed; seconds that it took."""
        start = time.monotonic()
        try:
            self._offer_volume()
            self._offer_mask()
            self._offer_pose()
        except Exception as error:  # a viewer beside it must not end with it
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.exception("the OpenIGTLink output could not be renewed")
        return time.monotonic() - start

    def _offer_volume(self) -> None:
        status, grid = self._board.status(), self._board.grid()
        if grid is None:
            return
        # Filling the holes takes long: it is only asked for when a frame or another phase has come.
        state = (status.frames_inserted, status.phase, _place(grid))
        if self._seen.get(VOLUME) == state:
            return
        if (volume := self._board.volume()) is not None:
            self._offer(VOLUME, state, self._image(VOLUME, volume))

    def _offer_mask(self) -> None:
        if (mask := self._board.mask()) is None:
            return
        state = (hashlib.blake2b(np.ascontiguousarray(mask.voxels).data).digest(), _place(mask.grid))
        if self._seen.get(MASK) != state:
            self._offer(MASK, state, self._image(MASK, mask))

    def _offer_pose(self) -> None:
        from pyigtl import TransformMessage

        frame = self._board.frame()
        if frame is None or frame.image_to_world is None or self._seen.get(POSE) == frame.index:
            return
        message = TransformMessage(self._to_ras @ frame.image_to_world, device_name=POSE)
        self._offer(POSE, frame.index, message.pack())

    def _offer(self, device: str, state: object, message: bytes | bytearray) -> None:
        self._server.offer(device, message)
        self._seen[device] = state

    def _image(self, device: str, volume: Volume) -> bytearray:
        return packed_volume(device, volume.voxels, self._to_ras @ volume.grid.index_to_world)


def _place(grid: Grid) -> tuple[bytes, tuple[int, int, int]]:
    """What differs between two grids, such as those before and after a volume has grown."""
    return grid.index_to_world.tobytes(), grid.shape
