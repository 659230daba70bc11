"""Which names are ours, by where we listen."""

from __future__ import annotations

import socket

import pytest

from mattebox.apps.studio.server import address_of, is_reachable, names_of


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
