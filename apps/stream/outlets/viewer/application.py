"""What the viewer answers: the page, its WebSocket, health and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from apps.stream.core.board import Board
from apps.stream.outlets.viewer.client import PATIENCE_S, Client
from apps.stream.outlets.viewer.guard import OPEN_TO_ALL, Guard
from apps.stream.outlets.viewer.live import serve_page
from apps.stream.outlets.viewer.metrics import exposition
from apps.stream.outlets.viewer.publisher import Publisher

PAGE = Path(__file__).resolve().parent / "page"


def application(
    board: Board,
    *,
    host: str,
    port: int,
    token: str | None,
    allowed_hosts: Iterable[str] = (),
    patience_s: float = PATIENCE_S,
) -> Starlette:
    """The ASGI application; arguments as of `ViewerServer`, with `port` as it is bound."""
    publisher = Publisher(board)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        publishing = asyncio.create_task(publisher.run())
        yield
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing

    async def page(_: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def live(websocket: WebSocket) -> None:
        await serve_page(websocket, board, publisher, Client(patience_s))

    async def health(request: Request) -> Response:
        status = await asyncio.to_thread(board.status)
        failed = status.phase == "failed"
        answer = {"status": "failed" if failed else "ok"}
        if request.state.trusted:
            answer |= {"phase": status.phase, "problem": status.problem}
        return JSONResponse(answer, status_code=503 if failed else 200)

    async def metrics(_: Request) -> Response:
        status = await asyncio.to_thread(board.status)
        return Response(exposition(status, len(publisher.clients)), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Starlette(
        routes=[
            Route("/", page),
            WebSocketRoute("/live", live),
            Route(OPEN_TO_ALL, health),
            Route("/metrics", metrics),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[Middleware(Guard, host=host, port=port, token=token, allowed_hosts=tuple(allowed_hosts))],
        lifespan=lifespan,
    )
