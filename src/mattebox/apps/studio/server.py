"""Listens, and puts the guard before everything: the page, its pictures, the API, the websocket.

Runs on the caller's thread until Ctrl-C. NiceGUI serves all that the page needs; its own documents,
which would load scripts from elsewhere, are off.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.guard import Guard
from mattebox.apps.studio.page import add_page
from mattebox.apps.studio.rooms import Rooms, own_folders
from mattebox.apps.studio.routes import Routes
from mattebox.errors import SettingsError

ASSETS = Path(__file__).resolve().parent / "assets"

# Ctrl-C has to end well in two seconds: what is being asked is given half of one, and is cut off
# before uvicorn would cancel it, which it tells with a traceback.
_FAREWELL_S = 0.5
_CANCELLED_S = 1
_TOKEN_BYTES = 24
_ANY = {"", "0.0.0.0", "::"}


def serve(
    host: str, port: int, director: Director, on_listening: Callable[[str, bool], None]
) -> None:
    """Serve the page until Ctrl-C; then stop the session and remove what was only uploaded.

    Args:
        host: an address or name of this machine.
        port: 0 takes a free one.
        director: what is steered; stopped at the end.
        on_listening: told the address with its token, and whether other machines can reach it.

    Raises:
        SettingsError: nothing can listen there.
        PipelineError: the session did not stop in time.
        KeyboardInterrupt: Ctrl-C, after all of that.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with _listening(host, port) as listener, tempfile.TemporaryDirectory("-mattebox") as work:
        rooms = Rooms(own_folders(Path(work)), director)
        at = listener.getsockname()[1]
        app = Guard(application(rooms), token=token, names=names_of(host), port=at)
        config = uvicorn.Config(
            app,
            lifespan="on",
            ws="wsproto",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_CANCELLED_S,
        )
        on_listening(address_of(host, at, token), is_reachable(host))
        try:
            _Server(config, rooms).run(sockets=[listener])
        finally:
            rooms.close()


class _Server(uvicorn.Server):
    """Stops the session while open pages are given their time, and not after it."""

    def __init__(self, config: uvicorn.Config, rooms: Rooms) -> None:
        super().__init__(config)
        self._rooms = rooms

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        closing = asyncio.to_thread(self._rooms.close)
        # What could not be closed is told by ``serve``, which tries once more.
        await asyncio.gather(
            super().shutdown(sockets), closing, self._hang_up(), return_exceptions=True
        )

    async def _hang_up(self) -> None:
        """End what still talks, such as an upload: to the application its client has gone away."""
        await asyncio.sleep(_FAREWELL_S)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def application(rooms: Rooms) -> FastAPI:
    """The page, its pictures and the API, unguarded."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(Routes(rooms).table())
    app.router.routes.append(Mount("/assets", StaticFiles(directory=ASSETS)))
    add_page(rooms)
    ui.run_with(
        app,
        title="mattebox studio",
        favicon=ASSETS / "icon.svg",
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    return app


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}.",
            "Take another with --port; --port 0 finds a free one.",
        ) from error


def names_of(host: str) -> set[str]:
    """What we may be called besides the address that somebody connected to."""
    if not is_reachable(host):
        return {host, "localhost"}
    return {socket.gethostname(), socket.getfqdn()} if host in _ANY else {host}


def address_of(host: str, port: int, token: str) -> str:
    """What is opened in a browser."""
    name = socket.gethostname() if host in _ANY else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/?token={token}"


def is_reachable(host: str) -> bool:
    """Whether other machines may come in."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
