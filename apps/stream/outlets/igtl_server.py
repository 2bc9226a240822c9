"""Sends the newest message of each device to whoever is connected, and never waits for anybody."""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress

from edge_sdk.closing import Closing
from edge_sdk.errors import StreamError

MOST_CLIENTS = 8
PATIENCE_S = 5.0
_READ_BYTES = 1 << 16


class IgtlServer(Closing):
    """A TCP server for one thread, which calls `turn` again and again.

    pyigtl's own server is not used: it gives each message 10 ms to be sent, which breaks off large
    volumes, serves one client at a time, spins after that one has left, and takes the process's signal handlers.

    Attributes:
        port: TCP port that the server listens on; the system's choice where 0 was asked for.
    """

    def __init__(self, host: str, port: int, *, patience_s: float = PATIENCE_S) -> None:
        """
        Args:
            host: Address to bind to.
            port: TCP port to listen on; 0 lets the system choose.
            patience_s: A client that takes nothing of what is sent to it for so long is cut off.

        Raises:
            StreamError: The address cannot be bound.
        """
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            raise StreamError(
                f"OpenIGTLink cannot be served there: {error.strerror or error}",
                where=f"{host}:{port}",
                remedy="give another port, or 0 for any free one",
            ) from error
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._patience_s = patience_s
        self._newest: dict[str, bytes | bytearray] = {}
        self._clients: list[_Client] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    @property
    def idle(self) -> bool:
        """Whether everybody has been sent everything."""
        return not any(client.busy for client in self._clients)

    def offer(self, device: str, message: bytes | bytearray) -> None:
        """Send this to everybody, also to those who come later; an older one of the device that waits is replaced."""
        self._newest[device] = message
        for client in self._clients:
            client.waiting[device] = message

    def turn(self, seconds: float) -> None:
        """Accept, send and forget clients, for so long or until something has happened."""
        for client in self._clients:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.busy else 0)
            self._selector.modify(client.connection, wanted, client)
        start = time.monotonic()
        ready = self._selector.select(seconds)
        waited = time.monotonic() - start
        for client in self._clients:
            client.stalled_s = client.stalled_s + waited if client.busy else 0.0
        for key, events in ready:
            if key.data is None:
                self._accept()
            elif not key.data.exchange(events):
                self._forget(key.data)
        for client in list(self._clients):
            if client.stalled_s > self._patience_s:
                self._forget(client)

    def close(self) -> None:
        """End all connections and listen no more."""
        for client in list(self._clients):
            self._forget(client)
        self._selector.close()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # of one who has left already
            connection, _ = self._listener.accept()
            if len(self._clients) >= MOST_CLIENTS:
                connection.close()
                return
            connection.setblocking(False)
            client = _Client(connection, dict(self._newest))
            self._selector.register(connection, selectors.EVENT_READ, client)
            self._clients.append(client)

    def _forget(self, client: _Client) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.connection)
        client.connection.close()


class _Client:
    """Somebody connected.

    Attributes:
        waiting: Device → its newest message, not yet begun.
        stalled_s: How long it has been waited for, and has taken nothing of what there was.
    """

    def __init__(self, connection: socket.socket, waiting: dict[str, bytes | bytearray]) -> None:
        self.connection, self.waiting = connection, waiting
        self._rest = memoryview(b"")
        self.stalled_s = 0.0

    @property
    def busy(self) -> bool:
        """Whether there is something to send."""
        return bool(self._rest or self.waiting)

    def exchange(self, events: int) -> bool:
        """Send what it takes now, and ignore what it says; False where it has left."""
        try:
            if events & selectors.EVENT_READ and not self.connection.recv(_READ_BYTES):
                return False
            if events & selectors.EVENT_WRITE:
                self._send()
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def _send(self) -> None:
        if not self._rest:
            device = next(iter(self.waiting))
            self._rest = memoryview(self.waiting.pop(device))
        self._rest = self._rest[self.connection.send(self._rest) :]
        self.stalled_s = 0.0
