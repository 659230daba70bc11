"""Keys that are pressed in the terminal, each at once, without Enter."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# How long the end of the program may wait for the thread that reads keys.
_LOOK_S = 0.2
_ROOM = 256


@contextmanager
def keys_told(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Tell of every key while the block runs; the terminal is as before after it.

    Args:
        on_key: called with the character, on a thread of its own.

    Yields:
        whether there is a terminal with keys.
    """
    if not sys.stdin.isatty() or sys.platform == "win32":
        yield False
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    if not _is_in_front(terminal):
        yield False  # in the background it would be stopped for touching the terminal
        return
    before = termios.tcgetattr(terminal)
    over = threading.Event()
    thread = threading.Thread(target=_read, args=(terminal, on_key, over), name="keys", daemon=True)
    tty.setcbreak(terminal, termios.TCSANOW)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join(2 * _LOOK_S)
        # From the background it would stop the program at its end.
        handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with suppress(termios.error):  # it was closed
            termios.tcsetattr(terminal, termios.TCSANOW, before)
        signal.signal(signal.SIGTTOU, handler)


def _read(terminal: int, on_key: Callable[[str], None], over: threading.Event) -> None:
    while not over.is_set():
        ready, _, _ = select.select([terminal], [], [], _LOOK_S)
        # Sent to the background, it would be stopped for reading.
        if ready and not _is_in_front(terminal):
            over.wait(_LOOK_S)
            continue
        if not ready:
            continue
        pressed = b""
        with suppress(OSError):
            pressed = os.read(terminal, _ROOM)
        if not pressed:
            return  # it was closed
        for key in keys_in(pressed.decode(errors="ignore")):
            on_key(key)


def keys_in(text: str) -> str:
    """The keys among what came at once: one, or one that is held down.

    Cursor keys come as several characters that begin with Escape, and what is pasted is no key.
    """
    return text if len(set(text)) == 1 and text.isprintable() else ""


def _is_in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
