"""A real session of the studio's serves its figures, for as long as it runs."""

from __future__ import annotations

import socket
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.sessions import open_session
from mattebox.errors import SettingsError
from mattebox.settings import Settings, resolve
from sessions import wait_until

pytest.importorskip("prometheus_client")


def served_at(port: int) -> Settings:
    """Settings without a network."""
    return resolve({"model": {"name": "threshold"}, "live": {"metrics_port": port}})


def scraped(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_figures_are_served_while_the_session_runs_and_not_after_it() -> None:
    """Twice: a new start has the port again."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    director = Director(open_session, served_at(port))
    for _ in range(2):
        director.start("synthetic", [])
        wait_until(lambda: "mattebox_frames_captured_total" in scraped(port))
    director.stop()
    with pytest.raises(URLError):
        scraped(port)


def test_a_port_that_is_taken_is_told_and_nothing_runs() -> None:
    """With what to do about it; and a start after that one goes well."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        director = Director(open_session, served_at(port))
        with pytest.raises(SettingsError, match=rf"{port}.*\n.*live\.metrics_port"):
            director.start("synthetic", [])
        assert str(director.state) == "idle"
    director.adjust({"live": {"metrics_port": 0}})
    director.start("synthetic", [])
    assert str(director.state) == "running"
    director.stop()
