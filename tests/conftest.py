"""Laws that hold for every test, and where the shared material is."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT, SHARED, skip_or_fail

# The lab is not in the wheel. At the end of the path, so that the installed mattebox is the one
# that is tested.
sys.path.append(str(ROOT / "src"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real clips and stills that is not part of the project."""
    if not SHARED.is_dir():
        skip_or_fail("shared", f"no shared material at {SHARED}")
    return SHARED


@pytest.fixture(autouse=True, scope="session")
def _programs_can_be_interrupted() -> None:
    """A shell that runs the tests in the background ignores Ctrl-C for them and what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
