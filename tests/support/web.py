"""A web server on a thread, for tests that ask it real questions; and a fake live session."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import torch
import uvicorn

from mattebox.apps.studio.guard import App
from mattebox.apps.studio.sessions import Tell
from mattebox.errors import MatteboxError, SourceNotFound
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.settings import Settings

FORMAT = VideoFormat(64, 32, pixel_format("gbrp"), Fraction(1, 25))


@contextmanager
def serving(app: App, listener: socket.socket) -> Iterator[None]:
    """Serve an application on a listening socket while the block runs."""
    config = uvicorn.Config(
        app, ws="wsproto", lifespan="off", log_level="error", proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(10)


def listening() -> tuple[socket.socket, int]:
    """A socket on a free port of this machine, and the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


class Glance:
    """A plain picture over a plain picture, with half of it kept."""

    def __init__(self, before: int, after: int) -> None:
        alpha = torch.zeros(32, 64)
        alpha[:, 32:] = 1.0
        self.matte = Matte(_plain(before), alpha)
        self.picture = _plain(after)


class FakeSession:
    """A session that does what it is told, and notes it.

    Attributes:
        changes: the settings that were put into effect.
        refusal: raised instead, where there is one.
        ending: raised by ``run`` when it is stopped, where there is one.
    """

    mode = "64×32, fake"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.changes: list[Settings] = []
        self.refusal: MatteboxError | None = None
        self.ending: Exception | None = None
        self.waiting: list[str] = []
        self.seen: Glance | None = None
        self.is_over = False
        self._stopped = threading.Event()

    @property
    def session(self) -> FakeSession:
        """Itself."""
        return self

    def run(self) -> None:
        """Until it is stopped."""
        self._stopped.wait(30)
        self.is_over = True
        if self.ending is not None:
            raise self.ending

    def stop(self) -> None:
        """Let ``run`` return."""
        self._stopped.set()

    def change(self, settings: Settings) -> list[str]:
        """Note it, or refuse."""
        if self.refusal is not None:
            raise self.refusal
        self.changes.append(settings)
        self.settings = settings
        return self.waiting

    def glimpse(self) -> Glance | None:
        """What the test put there."""
        return self.seen

    def facts(self) -> dict[str, object]:
        """None to speak of."""
        return {"shown": {"shown": 1}, "source": None, "outages": 0}

    def story(self) -> list[str]:
        """One sentence."""
        return ["It is over."]


class Opening:
    """Opens fake sessions; an input named ``nothing`` is not there."""

    def __init__(self) -> None:
        self.opened: list[FakeSession] = []

    @contextmanager
    def __call__(
        self, input: str, outputs: Sequence[str], settings: Settings, tell: Tell
    ) -> Iterator[FakeSession]:
        """See ``director.Open``."""
        if input == "nothing":
            raise SourceNotFound("there is nothing.", "Take something.")
        session = FakeSession(settings)
        self.opened.append(session)
        yield session


def _plain(value: int) -> Frame:
    plane = np.full((32, 64), value, np.uint8)
    return Frame((plane, plane, plane), FORMAT, 0)
