"""A pseudo-terminal under a name of its own, that can be unplugged and plugged in again."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from edge_sdk.closing import Closing

WAIT_S = 0.002
Turn = Callable[[bytes], bytes]


class _Plugged(NamedTuple):
    """A port that is plugged in: both ends of the pseudo-terminal, and the thread that serves it."""

    device: int
    client: int
    thread: threading.Thread


class PseudoPort(Closing):
    """A device's side of a serial port, served by a thread; a context manager that is plugged in from the start.

    Attributes:
        link: Path to give to a client; it vanishes while unplugged, as a USB adapter's does.
    """

    def __init__(self, link: Path, turn: Turn) -> None:
        """
        Args:
            link: Where the port is to appear.
            turn: Called again and again with what has arrived, empty most of the time; gives what to send.
        """
        self.link, self._turn = link, turn
        self._plugged: _Plugged | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self.plug()
        return super().__enter__()

    def close(self) -> None:
        """Vanish for good."""
        self.unplug()

    def plug(self) -> None:
        """Appear; nothing where it is plugged in."""
        if self._plugged is not None:
            return
        device, client = os.openpty()
        tty.setraw(client)
        os.set_blocking(device, False)
        self._stop.clear()
        thread = threading.Thread(target=self._serve, args=(device,), name=self.link.name, daemon=True)
        self._plugged = _Plugged(device, client, thread)
        thread.start()
        temporary = self.link.with_suffix(".new")
        temporary.symlink_to(os.ttyname(client))
        temporary.rename(self.link)

    def unplug(self) -> None:
        """Vanish, whoever has the port open; nothing where it is unplugged."""
        if self._plugged is None:
            return
        self.link.unlink()
        self._stop.set()
        self._plugged.thread.join()
        os.close(self._plugged.device)
        os.close(self._plugged.client)
        self._plugged = None

    def _serve(self, device: int) -> None:
        while not self._stop.is_set():
            readable, _, _ = select.select([device], [], [], WAIT_S)
            arrived = b""
            if readable:
                with suppress(OSError):  # nobody has it open
                    arrived = os.read(device, 65_536)
            if answer := self._turn(arrived):
                with suppress(BlockingIOError):  # a client that does not read loses it, as on a wire
                    os.write(device, answer)
