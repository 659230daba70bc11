"""Which names are ours, by where we listen, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.rooms import Folders, Rooms
from mattebox.apps.studio.routes import Routes
from mattebox.apps.studio.server import _Server, address_of, is_reachable, names_of
from mattebox.settings import Settings
from web import Opening, listening


def test_the_end_cuts_off_what_still_talks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploads that never end: quietly, and before uvicorn would cancel them."""
    folders = Folders(*(tmp_path / name for name in ("backdrops", "presets", "work", "videos")))
    rooms = Rooms(folders, Director(Opening(), Settings()))
    app = Starlette(routes=Routes(rooms).table())
    listener, port = listening()
    server = _Server(uvicorn.Config(app, lifespan="off", timeout_graceful_shutdown=5), rooms)
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    with socket.create_connection(("127.0.0.1", port)) as talking:
        head = f"POST /upload/file?name=a.mp4 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        talking.sendall(f"{head}Content-Length: 3000\r\n\r\nabc".encode())
        while not (folders.work / "in").exists():
            time.sleep(0.01)
        server.should_exit = True
        thread.join(20)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert [*(folders.work / "in").iterdir()] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_by_default_nobody_else_can_reach_it(host: str) -> None:
    assert not is_reachable(host)
    assert "localhost" in names_of(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example"])
def test_what_others_can_reach_is_told(host: str) -> None:
    assert is_reachable(host)


def test_a_host_that_was_named_is_the_only_name() -> None:
    """Nobody outside is told to ask for localhost."""
    assert names_of("192.0.2.7") == {"192.0.2.7"}


def test_an_address_is_one_that_a_browser_takes() -> None:
    assert address_of("::1", 80, "t") == "http://[::1]:80/?token=t"
    assert address_of("0.0.0.0", 80, "t") == f"http://{socket.gethostname()}:80/?token=t"
