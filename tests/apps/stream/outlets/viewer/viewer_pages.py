"""What a page does, without a browser: it listens, confirms what it drew, and asks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from websockets.sync.client import ClientConnection, connect

from apps.stream.outlets.viewer.server import ViewerServer


def live(server: ViewerServer, **options: Any) -> ClientConnection:
    """Connect as the page of this server does."""
    place = f"127.0.0.1:{server.port}"
    return connect(f"ws://{place}/live", **{"origin": f"http://{place}", "proxy": None, **options})


def received(page: ClientConnection, *, confirm: bool = True, timeout: float = 10.0) -> dict[str, Any]:
    """The next message; of a picture its header, with its JPEG under "jpeg"."""
    message = page.recv(timeout)
    if isinstance(message, str):
        return dict(json.loads(message))
    length = int.from_bytes(message[:4], "big")
    header = json.loads(message[4 : 4 + length])
    if confirm:
        page.send(json.dumps({"type": "drawn", "kind": header["kind"], "moment": header["moment"]}))
    return {**header, "jpeg": message[4 + length :]}


def until(page: ClientConnection, wanted: Callable[[dict[str, Any]], bool], **options: Any) -> dict[str, Any]:
    """The first message that is wanted."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if wanted(message := received(page, **options)):
            return message
    raise AssertionError("no such message came")


def answer_to(page: ClientConnection, request: object) -> dict[str, Any]:
    """What the server says to a request."""
    page.send(request if isinstance(request, str | bytes) else json.dumps(request))
    return until(page, lambda message: message.get("type") == "answer")
