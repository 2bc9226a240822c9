from __future__ import annotations

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession

from apps.stream.outlets.viewer.application import application

TOKEN = "a-token-of-24-characters"


def client(board, host="127.0.0.1", token=None, base="http://127.0.0.1:8765", **more) -> TestClient:
    return TestClient(application(board, host=host, port=8765, token=token, **more), base_url=base)


def socket_of(page: TestClient, path: str = "/live", **headers: str) -> WebSocketTestSession:
    return page.websocket_connect(path, headers={"host": page.base_url.netloc.decode(), **headers})


def denied(page: TestClient, **headers: str) -> int:
    with pytest.raises(WebSocketDenialResponse) as refusal, socket_of(page, **headers):
        pass
    return refusal.value.status_code


@pytest.mark.parametrize("name", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"])
def test_loopback_names_are_answered(board, name):
    assert client(board, base=f"http://{name}").get("/").status_code == 200


@pytest.mark.parametrize("name", ["evil.example:8765", "127.0.0.1.evil.example", "10.0.0.7:8765", "[bad", ""])
def test_another_host_is_refused_even_at_an_open_path(board, name):
    page = client(board)
    assert page.get("/healthz", headers={"host": name}).status_code == 403
    assert denied(page, host=name) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:3000", "http://localhost:8765", "null"])
def test_a_foreign_origin_is_refused_before_the_socket_is_accepted(board, origin):
    page = client(board)
    assert denied(page, origin=origin) == 403
    assert page.get("/", headers={"origin": origin}).status_code == 403


def test_a_further_name_can_be_allowed(board):
    page = client(board, base="http://cart-7.local:8765", allowed_hosts=["cart-7.local"])
    with page, socket_of(page, origin="http://cart-7.local:8765") as socket:
        assert socket.receive_json()["type"] == "status"


def test_bound_to_every_network_numeric_addresses_are_answered_and_names_are_not(board):
    page = client(board, host="0.0.0.0", token=TOKEN, base="http://10.0.0.7:8765")
    assert page.get(f"/?token={TOKEN}").status_code == 200
    assert page.get(f"/?token={TOKEN}", headers={"host": "evil.example:8765"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/?token=wrong-token-of-some-length", "/?token=%C3%A9", "/metrics", "/page/main.js"]
)
def test_without_the_token_nothing_is_shown(board, path):
    told = client(board, token=TOKEN).get(path, headers={"cookie": "edge_sdk_viewer_8765=wrong"})
    assert told.status_code == 401
    assert TOKEN not in told.text
    assert "set-cookie" not in told.headers


def test_the_socket_wants_the_token_too_and_not_in_its_address(board):
    page = client(board, token=TOKEN)
    assert denied(page) == 401
    with pytest.raises(WebSocketDenialResponse), socket_of(page, f"/live?token={TOKEN}"):
        pass


def test_the_address_with_the_token_gives_a_cookie_that_scripts_and_other_sites_do_not_get(board):
    page = client(board, token=TOKEN)
    cookie = page.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    with page, socket_of(page, cookie=cookie.partition(";")[0]) as socket:
        assert socket.receive_json()["type"] == "status"
    assert page.get("/metrics").status_code == 200


def test_a_bearer_token_serves_programs(board):
    page = client(board, token=TOKEN)
    assert page.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert page.get("/metrics", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401


def test_the_page_may_load_nothing_from_elsewhere_and_run_no_inline_script(board):
    headers = client(board).get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert headers["referrer-policy"] == "no-referrer"
