"""Laws of work that is done beside the thread that wants it done."""

from __future__ import annotations

import threading
import weakref

import pytest

from mattebox.live.beside import Beside


def test_one_piece_after_the_other_on_one_thread() -> None:
    """In the order they were given, on a thread that has its name."""
    beside = Beside("network")
    done = [beside.submit(lambda n=n: (n, threading.current_thread().name)) for n in range(5)]  # type: ignore[misc]
    assert [each.result(5) for each in done] == [(n, "network") for n in range(5)]
    beside.close()


def test_whoever_asks_gets_the_error() -> None:
    """And the next piece is done all the same."""
    beside = Beside("network")
    failing, next_one = beside.submit(lambda: 1 // 0), beside.submit(lambda: 2)
    with pytest.raises(ZeroDivisionError):
        failing.result(5)
    assert next_one.result(5) == 2
    beside.close()


def test_an_end_waits_for_what_was_given_and_leaves_no_thread() -> None:
    """Also where nothing was given."""
    Beside("network").close()
    before, done = threading.active_count(), threading.Event()
    beside = Beside("network")
    beside.submit(lambda: done.wait(0.2))
    last = beside.submit(lambda: "last")
    beside.close()
    assert last.done()
    with pytest.raises(RuntimeError, match="network"):
        beside.submit(lambda: None)
    assert threading.active_count() == before


def test_what_is_done_is_forgotten() -> None:
    """A thread that waits holds no frame."""

    class Frame:
        """Something that can be watched."""

    beside = Beside("network")
    frame = Frame()
    watched = weakref.ref(frame)
    beside.submit(lambda frame=frame: frame is None).result(5)  # type: ignore[misc]
    beside.submit(lambda: None).result(5)
    del frame
    assert watched() is None
    beside.close()
