"""Serves the viewer's page from a thread beside the running stream."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
import threading
from collections.abc import Iterable
from typing import Self
from urllib.parse import urlencode

import psutil
import uvicorn

from apps.stream.core.board import Board
from apps.stream.core.settings import VIEWER_PORT
from apps.stream.outlets.viewer.application import application
from apps.stream.outlets.viewer.client import PATIENCE_S
from apps.stream.outlets.viewer.guard import LOOPBACK, WILDCARDS
from apps.stream.outlets.viewer.requests import MOST_BYTES
from edge_sdk.closing import Closing
from edge_sdk.errors import StreamError

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
_STARTING_S, _STOPPING_S = 10.0, 5.0


class ViewerServer(Closing):
    """A context manager: inside it, browsers can connect.

    Attributes:
        host: Address that it is bound to.
        port: TCP port that it is bound to; the system's choice where 0 was asked for.
        token: What every request must bring; None on a loopback address.
    """

    def __init__(
        self,
        board: Board,
        *,
        host: str = LOOPBACK[1],
        port: int = VIEWER_PORT,
        token: str | None = None,
        allowed_hosts: Iterable[str] = (),
        patience_s: float = PATIENCE_S,
    ) -> None:
        """
        Args:
            board: State of the running stream, which the pages show.
            host: Address to bind to; "0.0.0.0" for every network that the device is in.
            port: TCP port to bind to; 0 lets the system choose.
            token: 16 or more of the characters A-Z, a-z, 0-9, - and _; made where none is given and the host is not a
                loopback address.
            allowed_hosts: Further names by which a browser may call this device, such as "cart-7.local".
            patience_s: A page that takes nothing for so long is closed.

        Raises:
            StreamError: The address cannot be bound, or the token is short or of other characters.
        """
        if token is not None and not _TOKEN.fullmatch(token):
            raise StreamError(
                "a token needs 16 or more of the characters A-Z, a-z, 0-9, - and _",
                where="viewer",
                remedy="give none, then one is made",
            )
        self.host = host
        self.token = token if token is not None or host in LOOPBACK else secrets.token_urlsafe(24)
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        app = application(
            board, host=host, port=self.port, token=self.token, allowed_hosts=allowed_hosts, patience_s=patience_s
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,  # Its lines would hold the token.
                ws="websockets-sansio",
                ws_max_size=MOST_BYTES,
                ws_per_message_deflate=False,
                ws_ping_interval=5.0,
                ws_ping_timeout=10.0,
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="viewer", daemon=True
        )

    @property
    def url(self) -> str:
        """What to open in a browser, with the token; from another device where it can be reached from there."""
        host = _own_address() if self.host in WILDCARDS else self.host
        place = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
        return place if self.token is None else f"{place}?{urlencode({'token': self.token})}"

    def __enter__(self) -> Self:
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_STARTING_S / 0.01)):
            if self._server.started or not self._thread.is_alive():
                break
            waited.wait(0.01)
        if not self._server.started:
            self.close()
            raise StreamError("the viewer's server did not start", where=self.url, remedy="see the log")
        return self

    def close(self) -> None:
        """Close all connections and give the port back."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOPPING_S)
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise StreamError(
            f"the viewer cannot be served there: {error.strerror or error}",
            where=f"{host}:{port}",
            remedy="give another port, or 0 for any free one",
        ) from error
    return bound


def _own_address() -> str:
    """An address by which the local network reaches this device; the loopback address where there is no network."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET and not ipaddress.ip_address(one.address).is_loopback:
                return str(one.address)
    return LOOPBACK[1]
