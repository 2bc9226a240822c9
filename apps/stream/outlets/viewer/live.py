"""The WebSocket `/live` between a page and the stream.

To the page, as text (JSON with a `type`): `status` (4 a second, `status_message`), `path` (1 a second), `answer` to a
request (ok, text), and `refused` (text) before the connection is closed. As bytes: a picture, `Picture.packed`: the
header holds kind ("frame", "x", "y" or "z"), moment, index, width, height and outlines; of a frame also the reason why
it is not inserted; of a plane count, first, step_mm, follows, row_mm and column_mm. From the page: `requests`.

Indices of planes count in the lattice of a volume that may grow: "first" are those of its first voxel, which fall below
0 where it has grown toward it. So a plane keeps its index.

A picture is sent once the page has confirmed with `drawn` the last one of that kind. Codes of closing: 1013 where too
many pages are connected, 1008 where the page took nothing for too long, 1009 where it sent too much at once.
"""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from apps.stream.core.board import Board
from apps.stream.outlets.viewer.client import Client, SlowClientError
from apps.stream.outlets.viewer.publisher import MOST_CLIENTS, Publisher
from apps.stream.outlets.viewer.requests import (
    MOST_BYTES,
    CalibrateRequest,
    CommandRequest,
    CropRequest,
    DrawnRequest,
    Request,
    ViewRequest,
    parse_request,
)
from apps.stream.outlets.viewer.status_message import answer_message, refused_message
from edge_sdk.errors import EdgeSdkError, StreamError

_CLOSING_S = 1.0


async def serve_page(websocket: WebSocket, board: Board, publisher: Publisher, client: Client) -> None:
    """Serve one page until it leaves, takes nothing for too long, or sends too much."""
    await websocket.accept()
    if not publisher.join(client):
        text = f"{MOST_CLIENTS} pages show this stream already; close one of them"
        await websocket.send_text(refused_message(text))
        await websocket.close(1013, "too many pages")
        return
    work = [
        asyncio.create_task(client.deliver(websocket.send_text, websocket.send_bytes)),
        asyncio.create_task(_listen(websocket, board, client)),
    ]
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    finally:
        publisher.leave(client)
        for task in work:
            task.cancel()
        await asyncio.wait(work)
    for end in (task.exception() for task in work if not task.cancelled()):
        if isinstance(end, SlowClientError):
            await _close(websocket, 1008, "nothing was taken for too long")
        elif end is not None and not isinstance(end, WebSocketDisconnect):
            raise end


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    if websocket.application_state is WebSocketState.CONNECTED:
        try:
            async with asyncio.timeout(_CLOSING_S):
                await websocket.close(code, reason)
        except (TimeoutError, WebSocketDisconnect):
            return  # It takes nothing, not even the farewell; returning ends the connection.


async def _listen(websocket: WebSocket, board: Board, client: Client) -> None:
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        text = message.get("text")
        try:
            if text is None:
                raise StreamError("bytes were sent where a request in JSON is expected")
            if len(text.encode(errors="replace")) > MOST_BYTES:
                await _close(websocket, 1009, "the message is too long")
                return
            answer = await _answer(parse_request(text), board, client)
        except EdgeSdkError as error:
            client.answer(answer_message(str(error), ok=False))
        else:
            if answer:
                client.answer(answer_message(answer, ok=True))


async def _answer(request: Request, board: Board, client: Client) -> str:
    """Do what is asked; one line for a person, or ""."""
    match request:
        case DrawnRequest():
            picture = client.confirm(request.kind, request.moment)
            if picture is not None and picture.shows_mask:
                board.displayed(picture.moment)
            return ""
        case ViewRequest():
            client.look(request)
            return ""
        case CommandRequest():
            await asyncio.to_thread(board.command, request.name)
            return ""
        case CalibrateRequest():
            first, second = (request.first[0], request.first[1]), (request.second[0], request.second[1])
            size = await asyncio.to_thread(board.calibrate, first, second, request.distance_mm)
            return f"A pixel is {size:.4g} mm"
        case CropRequest():
            origin, size_px = (request.origin[0], request.origin[1]), (request.size[0], request.size[1])
            await asyncio.to_thread(board.crop, origin, size_px)
            return f"{size_px[0]} × {size_px[1]} pixels are taken as ultrasound"
