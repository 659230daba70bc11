"""Who may talk to the page: one ASGI middleware in front of everything, http and websocket alike.

Three questions, all of them for every request: is ``Host`` a name that we listen on (else a foreign
page could rebind its own name to this machine), is ``Origin``, where a browser tells one, ours, and
does the request know the token. On the server's event loop.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# What the page may load: itself. NiceGUI compiles its templates in the browser, hence unsafe-eval.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'{socket}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# The cookie is SameSite=Strict: after a redirect from another site's link it would not be sent.
# This page is our own, so what it goes on to is same-site.
_WELCOME = (
    b'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    b'<title>mattebox studio</title><a href="/">mattebox studio</a>'
)


class Guard:
    """Lets through who knows the token, comes from our own page, and asks for us by our own name.

    Args:
        app: what is guarded.
        token: the secret; in the cookie, as ``Authorization: Bearer``, or as ``?token=``.
        names: host names, without port, that are ours besides the address that was connected to.
        port: where we listen.
    """

    def __init__(self, app: App, *, token: str, names: Iterable[str], port: int) -> None:
        self.app, self._token, self._port = app, token, port
        self._names = frozenset(name.lower() for name in names)
        # Cookies do not know ports: two studios on one machine must not share one.
        self.cookie = f"mattebox_studio_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = _Headers(scope)
        if (reason := self._refusal(scope, headers)) is not None:
            await _refuse(scope, send, reason)
        elif self._is_arrival(scope):
            await self._welcome(scope, send)
        else:
            await self.app(scope, receive, _adding(send, _safety(headers.one("host") or "")))

    def _refusal(self, scope: Scope, headers: _Headers) -> str | None:
        """Why not, in words; None where nothing speaks against it."""
        host, origins = headers.one("host"), headers.all("origin")
        if host is None or host.lower() not in self._hosts(scope):
            return "This is not the name of this server."
        if origins and origins != [f"http://{host}"]:
            return "This request comes from another page."
        if not any(map(self._is_token, self._tokens(scope, headers))):
            return "Open the address that mattebox studio printed, with its token."
        return None

    def _hosts(self, scope: Scope) -> set[str]:
        """``host:port`` in every form that is ours."""
        names = set(self._names)
        if (server := scope.get("server")) and server[0]:
            names.add(server[0].lower())
        hosts = {f"[{name}]" if ":" in name else name for name in names}
        with_port = {f"{host}:{self._port}" for host in hosts}
        return with_port | hosts if self._port == 80 else with_port

    def _tokens(self, scope: Scope, headers: _Headers) -> list[str]:
        found = [*_query(scope).get("token", [])]
        for line in headers.all("authorization"):
            scheme, _, credentials = line.partition(" ")
            if scheme.lower() == "bearer":
                found.append(credentials.strip())
        for line in headers.all("cookie"):
            found += _cookie(line, self.cookie)
        return found

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token.encode())

    def _is_arrival(self, scope: Scope) -> bool:
        """Whether somebody opens the printed address: the token moves from there to a cookie."""
        is_page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == "/"
        return is_page and "token" in _query(scope)

    async def _welcome(self, scope: Scope, send: Send) -> None:
        cookie = f"{self.cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        headers = [(b"set-cookie", cookie.encode()), *_safety("")]
        await _answer(send, 200, _WELCOME, b"text/html; charset=utf-8", headers)


class _Headers:
    """The headers of a request, by lower-case name."""

    def __init__(self, scope: Scope) -> None:
        self._pairs = [
            (k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in scope["headers"]
        ]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def one(self, name: str) -> str | None:
        """None where there is none, and where there are several: which of them would be meant?"""
        values = self.all(name)
        return values[0] if len(values) == 1 else None


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def _cookie(line: str, name: str) -> list[str]:
    """Every value under a name, whatever other services of this host have put beside it."""
    pairs = (part.partition("=") for part in line.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name]


def _safety(host: str) -> list[tuple[bytes, bytes]]:
    return [
        (
            b"content-security-policy",
            _POLICY.format(socket=f" ws://{host}" if host else "").encode("latin-1"),
        ),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        # Before it is accepted: the server makes a 403 of it.
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    await _answer(send, 403, f"403: {reason}\n".encode(), b"text/plain; charset=utf-8", [])


async def _answer(
    send: Send, status: int, body: bytes, kind: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    common = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": body})
