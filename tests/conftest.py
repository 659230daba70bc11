"""Laws that hold for every test, and where the shared material is."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MATTEBOX_SHARED", ROOT.parent / "shared"))
REQUIRED = set(filter(None, os.environ.get("MATTEBOX_REQUIRE", "").split(",")))


def skip_or_fail(what: str, reason: str) -> None:
    """Skip, unless ``MATTEBOX_REQUIRE`` names ``what``: there a skip is a failure."""
    if what in REQUIRED:
        pytest.fail(f"{reason}, and MATTEBOX_REQUIRE names {what!r}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and stills that is not part of the project."""
    if not SHARED.is_dir():
        skip_or_fail("shared", f"no shared material at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
    for thread in left:
        thread.join(1.0)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads left behind: {alive}"


@pytest.fixture(autouse=True)
def _nothing_is_logged_at_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, f"logged at ERROR: {errors}"
