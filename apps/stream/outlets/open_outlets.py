"""What gives a running stream to others: the viewer's page and OpenIGTLink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from apps.stream.core.board import Board
from apps.stream.core.settings import StreamSettings
from edge_sdk.errors import StreamError
from edge_sdk.extras import missing_module

LOOPBACK = "127.0.0.1"


def open_outlets(settings: StreamSettings, board: Board, stack: ExitStack) -> Iterator[str]:
    """Open those that the settings ask for; for each a line that says where it is.

    Raises:
        StreamError: An extra is not installed, or an address cannot be bound.
    """
    viewer, igtl = settings.viewer, settings.igtl
    if viewer.enabled:
        if missing := missing_module(["starlette", "uvicorn", "websockets", "prometheus_client"], "view"):
            raise StreamError(f"no viewer can be served: {missing}")
        from apps.stream.outlets.viewer.server import DEFAULT_PORT, ViewerServer

        port = DEFAULT_PORT if viewer.port is None else viewer.port
        server = ViewerServer(
            board,
            host=viewer.host or LOOPBACK,
            port=port,
            token=viewer.token,
            allowed_hosts=viewer.allowed_hosts,
        )
        yield f"viewer: {stack.enter_context(server).url}"
    if igtl.output_port is not None:
        from apps.stream.outlets.igtl_output import IgtlOutput

        host = igtl.host or LOOPBACK
        output = stack.enter_context(IgtlOutput(board, igtl.output_port, host=host, world=igtl.world))
        yield f"OpenIGTLink: igtl://{host}:{output.port} (Volume, Mask)"
