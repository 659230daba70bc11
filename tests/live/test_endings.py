"""What is left of a session that has ended."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from mattebox.assemble.live import open_live
from sessions import live_settings, running, wait_until


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Cycles of objects stay; whoever makes one keeps what is in it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_session_that_has_ended_is_forgotten_at_once(tmp_path: Path) -> None:
    """With its network and its pictures: one who starts and stops often runs out of no memory.

    Not the first one of a program: libraries that are loaded on its way keep hold of it.
    """
    with running(open_live("synthetic", [str(tmp_path / "first.mkv")], live_settings())) as first:
        wait_until(lambda: first.presenter.figures.shown > 3)
    run = open_live("synthetic", [str(tmp_path / "call.mkv")], live_settings())
    parts = [weakref.ref(part) for part in (run.steering, run.supervisor, run.presenter)]
    with running(run):
        wait_until(lambda presenter=run.presenter: presenter.figures.shown > 3)  # type: ignore[misc]
    del run
    assert [part() for part in parts] == [None, None, None]
