"""An OpenIGTLink server that sends what it is told to, down to the byte, and goes away when it is told to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from edge_sdk.closing import Closing

CLIENT_S = 10.0


class SimulatedPeer(Closing):
    """Listens on this machine from its creation to `close`; a context manager.

    Attributes:
        port: Where.
    """

    def __init__(self, port: int = 0) -> None:
        """
        Args:
            port: 0 takes any that is free.
        """
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._accept, name="simulated-peer", daemon=True)
        self._thread.start()

    def send(self, *messages: Any) -> None:
        """Send bytes, or messages of pyigtl's types, to everybody who is connected; waits for the first one.

        Raises:
            TimeoutError: Nobody has connected within `CLIENT_S`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._clients, CLIENT_S):
                raise TimeoutError("nobody has connected to the simulated peer")
            clients = list(self._clients)
        for message in messages:
            data = message if isinstance(message, bytes) else message.pack()
            for client in clients:
                with suppress(OSError):  # of one who has left
                    client.sendall(data)

    def drop(self) -> None:
        """End all connections."""
        with self._changed:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def close(self) -> None:
        """End all connections and listen no more."""
        with suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.drop()

    def _accept(self) -> None:
        with suppress(OSError):  # of the closed listener
            while True:
                client, _ = self._listener.accept()
                with self._changed:
                    self._clients.append(client)
                    self._changed.notify_all()
