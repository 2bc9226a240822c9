from __future__ import annotations

import re
import socket
import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from viewer_pages import live, received

from apps.stream.outlets.viewer.server import ViewerServer
from edge_sdk.errors import StreamError


def fetched(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        return answer.read().decode()


def test_the_page_is_there_and_everything_that_it_names(server):
    page = fetched(server.url)
    names = re.findall(r'"(page/[^"]+)"', page)
    assert "page/main.js" in names
    for name in names:
        assert fetched(server.url + name)


def test_on_loopback_no_token_is_needed_and_none_is_in_the_address(server):
    assert server.token is None
    assert server.url == f"http://127.0.0.1:{server.port}/"


def test_elsewhere_a_token_is_made_and_stands_in_the_address(board):
    with ViewerServer(board, host="0.0.0.0", port=0) as server:
        assert parse_qs(urlsplit(server.url).query)["token"] == [server.token]
        assert len(server.token) >= 32
        here = f"http://127.0.0.1:{server.port}/"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            fetched(here)
        assert "Live sweep" in fetched(f"{here}?token={server.token}")


@pytest.mark.parametrize("token", ["short", "sixteen characters; but not all of them"])
def test_a_token_that_can_be_guessed_or_breaks_a_cookie_is_refused(board, token):
    with pytest.raises(StreamError, match="16 or more"):
        ViewerServer(board, port=0, token=token)


def test_a_port_in_use_is_told_with_the_remedy(board, server):
    with pytest.raises(StreamError, match="give another port"):
        ViewerServer(board, port=server.port)


def test_leaving_closes_connections_gives_the_port_back_and_ends_its_threads(board):
    with ViewerServer(board, port=0) as server:
        page = live(server)
        received(page)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("viewer")]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))
    page.close()
