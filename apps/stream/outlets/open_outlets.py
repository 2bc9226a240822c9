"""What gives a running stream to others: the viewer's page and OpenIGTLink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from apps.stream.core.board import Board
from apps.stream.core.settings import IgtlSettings, ViewerSettings
from edge_sdk.errors import StreamError
from edge_sdk.extras import missing_module


def open_outlets(viewer: ViewerSettings, igtl: IgtlSettings, board: Board, stack: ExitStack) -> Iterator[str]:
    """Open those that are asked for.

    Args:
        viewer: The page that shows the stream.
        igtl: The OpenIGTLink server that gives the volume and the mask away.
        board: State of the stream, which the outlets show.
        stack: Closes the outlets at its end.

    Yields:
        For each a line that says where it is.

    Raises:
        StreamError: An extra is not installed, or an address cannot be bound.
    """
    if viewer.enabled:
        if missing := missing_module(["starlette", "uvicorn", "websockets", "prometheus_client"], "view"):
            raise StreamError(f"no viewer can be served: {missing}")
        from apps.stream.outlets.viewer.server import ViewerServer

        server = ViewerServer(
            board,
            host=viewer.host,
            port=viewer.port,
            token=viewer.token,
            allowed_hosts=viewer.allowed_hosts,
        )
        yield f"viewer: {stack.enter_context(server).url}"
    if igtl.output_port is not None:
        from apps.stream.outlets.igtl_output import IgtlOutput

        output = stack.enter_context(IgtlOutput(board, igtl.output_port, host=igtl.host, world=igtl.world))
        yield f"OpenIGTLink: igtl://{igtl.host}:{output.port} (Volume, Mask)"
