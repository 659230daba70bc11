"""Who may talk to the page: asked with real requests, over http and websocket."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from mattebox.apps.studio.guard import Guard, Receive, Scope, Send
from web import listening, serving

TOKEN = "a-token-of-this-test"
Headers = list[tuple[str, str]]


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that says yes to everything."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "inside"})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener, port = listening()
    with serving(Guard(told, token=TOKEN, names={"localhost"}, port=port), listener):
        yield port


def ask(port: int, path: str = "/x", headers: Headers | None = None) -> tuple[int, str, str]:
    """(status, body, cookie) of one request with exactly these headers besides Host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    given = headers or []
    names = {name.lower() for name, _ in given}
    connection.putrequest("GET", path, skip_host="host" in names)
    for name, value in given:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.headers.get("set-cookie", "")


def knock(port: int, headers: Headers, path: str = "/x") -> int:
    """The status of a websocket's handshake; 101 where it was let in and heard from inside."""

    async def connecting() -> int:
        origin = dict(headers).get("Origin")
        others = [(name, value) for name, value in headers if name not in {"Origin", "Host"}]
        host = dict(headers).get("Host", f"127.0.0.1:{port}")
        try:
            # The name goes into Host; the connection goes to this machine in any case.
            async with connect(
                f"ws://{host}{path}",
                host="127.0.0.1",
                port=port,
                additional_headers=others,
                origin=origin,  # type: ignore[arg-type]
                proxy=None,
            ) as socket:
                assert await socket.recv() == "inside"
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code

    return asyncio.run(connecting())


def cookie(port: int, token: str = TOKEN) -> tuple[str, str]:
    return "Cookie", f"mattebox_studio_{port}={token}"


def test_the_token_opens_in_each_of_its_three_places(port: int) -> None:
    assert ask(port, headers=[cookie(port)])[:2] == (200, "inside")
    assert ask(port, headers=[("Authorization", f"Bearer {TOKEN}")])[0] == 200
    assert ask(port, f"/x?token={TOKEN}")[0] == 200
    assert knock(port, [cookie(port)]) == 101
    assert knock(port, [("Authorization", f"Bearer {TOKEN}")]) == 101
    assert knock(port, [], f"/x?token={TOKEN}") == 101


@pytest.mark.parametrize(
    "foreign", ['prefs={"a":"b c"}', "x=a,b c", "[a]=1", "name=José", "", "=", "x", 'q="']
)
def test_what_other_services_of_this_host_keep_does_not_lock_anyone_out(
    port: int, foreign: str
) -> None:
    """Cookies do not know ports: the browser sends those of all of them."""
    name, value = cookie(port)
    for line in (f"{foreign}; {value}", f"{value}; {foreign}"):
        assert ask(port, headers=[(name, line)])[0] == 200
        assert knock(port, [(name, line)]) == 101
    assert ask(port, headers=[(name, f"{foreign}; x{value}")])[0] == 403


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é"])
def test_no_other_token_does(port: int, wrong: str) -> None:
    as_header = wrong.encode().decode("latin-1")
    assert ask(port, headers=[cookie(port, as_header)])[0] == 403
    assert ask(port, headers=[("Authorization", f"Bearer {as_header}")])[0] == 403
    if wrong.isascii():
        assert ask(port, f"/x?token={wrong}")[0] == 403
        assert knock(port, [cookie(port, wrong)]) == 403


def test_nothing_is_said_without_one(port: int) -> None:
    status, body, _ = ask(port)
    assert status == 403
    assert "inside" not in body
    assert knock(port, []) == 403
    assert ask(port, "/")[0] == 403
    assert ask(port, headers=[("Cookie", f"mattebox_studio_{port + 1}={TOKEN}")])[0] == 403


def test_the_printed_address_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    port: int,
) -> None:
    status, body, set_cookie = ask(port, f"/?token={TOKEN}")
    assert status == 200
    assert "inside" not in body  # the page itself is loaded from an address without the token
    assert f"mattebox_studio_{port}={TOKEN}" in set_cookie
    assert {"HttpOnly", "SameSite=Strict"} <= {part.strip() for part in set_cookie.split(";")}
    assert ask(port, "/?token=wrong")[2] == ""


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost:{port}.evil.example",
    ],
)
def test_a_name_that_is_not_ours_is_refused_even_with_the_token(port: int, host: str) -> None:
    """Else a foreign page could have its own name mean this machine, and send our cookie along."""
    forged = host.format(port=port)
    assert ask(port, headers=[("Host", forged), cookie(port)])[0] == 403
    if "evil" in host and "localhost" not in host:
        assert knock(port, [("Host", forged), cookie(port)]) == 403


def test_our_own_names_are_known(port: int) -> None:
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"LOCALHOST:{port}"):
        assert ask(port, headers=[("Host", host), cookie(port)])[0] == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://localhost:{port}",
    ],
)
def test_a_foreign_origin_is_refused_even_with_the_token(port: int, origin: str) -> None:
    """The last one is ours by another name: the page was not loaded from there."""
    foreign = origin.format(port=port)
    assert ask(port, headers=[("Origin", foreign), cookie(port)])[0] == 403
    assert knock(port, [("Origin", foreign), cookie(port)]) == 403


def test_our_own_origin_is_let_through(port: int) -> None:
    own = ("Origin", f"http://127.0.0.1:{port}")
    assert ask(port, headers=[own, cookie(port)])[0] == 200
    assert knock(port, [own, cookie(port)]) == 101


def test_the_page_may_load_nothing_from_elsewhere(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/x", headers=dict([cookie(port)]))
    policy = connection.getresponse().headers["content-security-policy"]
    connection.close()
    assert "default-src 'self'" in policy
    assert "//" not in policy.replace(f"ws://127.0.0.1:{port}", "")
    assert json.dumps(policy).count("*") == 0
