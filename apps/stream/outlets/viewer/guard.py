"""Who may talk to the viewer: the right Host, no foreign Origin, and the token where there is one."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
WILDCARDS = ("0.0.0.0", "::")
OPEN_TO_ALL = "/healthz"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """ASGI middleware in front of everything; a refused WebSocket is answered with 401 or 403 before it is accepted.

    A request says in `scope["state"]["trusted"]` whether it brought the token, or none is needed.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, token: str | None, allowed_hosts: Iterable[str]) -> None:
        """
        Args:
            app: Application that gets the requests that pass.
            host, port: Address and TCP port that the server is bound to.
            token: Token that every request must bring, except to `OPEN_TO_ALL`; None on a loopback address.
            allowed_hosts: Further names by which a browser may call this device.
        """
        self._app, self._token = app, token
        self._any_address = host in WILDCARDS
        own = [socket.gethostname(), f"{socket.gethostname()}.local"] if self._any_address else [host]
        self._names = {name.lower().rstrip(".") for name in (*LOOPBACK, *own, *allowed_hosts)}
        self.cookie = f"edge_sdk_viewer_{port}"  # Cookies do not tell ports apart.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trusted, by_query = self._trusted(scope, headers)
        refusal = self._refusal(scope, headers, trusted)

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                sent = MutableHeaders(scope=message)
                sent.update(_HEADERS)
                if by_query and not refusal:
                    sent.append("set-cookie", f"{self.cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        if refusal:
            await PlainTextResponse(refusal[1] + "\n", status_code=refusal[0])(scope, receive, guarded)
            return
        scope.setdefault("state", {})["trusted"] = trusted
        await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers, trusted: bool) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._host_is_ours(host):
            return 403, "This address is not one of this device's; use the one that the stream shows."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "Pages of other sites may not use this stream."
        if not trusted and scope["path"] != OPEN_TO_ALL:
            return 401, "The token is missing or wrong; open the whole address that the stream shows."
        return None

    def _host_is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.rstrip(".") in self._names:
            return True
        # Rebinding needs a name: a numeric address is where the browser really connected to.
        return self._any_address and _is_address(name)

    def _trusted(self, scope: Scope, headers: Headers) -> tuple[bool, bool]:
        """Whether the token came along, and whether it did so in the address."""
        if self._token is None:
            return True, False
        if scope["type"] == "http" and scope["path"] == "/":
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            if any(self._is_token(given) for given in query.get("token", ())):
                return True, True
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = [_cookie(headers.get("cookie", ""), self.cookie), bearer.strip() if scheme.lower() == "bearer" else ""]
        return any(self._is_token(one) for one in given), False

    def _is_token(self, given: str) -> bool:
        return self._token is not None and secrets.compare_digest(given.encode(), self._token.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookie(header: str, name: str) -> str:
    try:
        return SimpleCookie(header)[name].value
    except (CookieError, KeyError):
        return ""
